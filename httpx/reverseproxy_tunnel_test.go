//lint:file-ignore SA1019 http.Transport knows no extended CONNECT

package httpx_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"github.com/strata-net/strata/httpx"
	_ "github.com/strata-net/strata/httpx/extconnect"
)

// webSocket accepts an upgrade, or a CONNECT of HTTP/2, and sends back what it
// gets, and a last word when the other side has ended.
func webSocket(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	if r.ProtoMajor > 1 {
		if r.Method != http.MethodConnect || r.Header.Get(":protocol") != "websocket" {
			http.Error(w, "no", http.StatusTeapot)
			return
		}
		w.Header().Set("Sec-WebSocket-Protocol", r.Header.Get("Sec-WebSocket-Protocol"))
		w.WriteHeader(http.StatusOK)
		control.Flush()
		echoWords(flushing{w, control}, r.Body)
		return
	}
	upgrade := r.Header.Get("Upgrade")
	if upgrade == "" {
		http.Error(w, "no", http.StatusTeapot)
		return
	}
	c, rw, err := control.Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	accept := base64.StdEncoding.EncodeToString(sum[:])
	if r.URL.Path == "/wrong" {
		accept = "x"
	}
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		upgrade, accept, r.Header.Get("Sec-WebSocket-Protocol"))
	echoWords(c, rw)
}

func echoWords(w io.Writer, r io.Reader) {
	io.Copy(w, struct{ io.Reader }{r})
	io.WriteString(w, "bye")
}

type flushing struct {
	w       io.Writer
	control *http.ResponseController
}

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	f.control.Flush()
	return n, err
}

const handshake = "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: talk\r\n\r\n"

// A WebSocket of HTTP/1.1 passes, with half-closes and what the client sends early, to either kind of upstream.
func TestTunnelHTTP1(t *testing.T) {
	for name, extended := range map[string]bool{"upgrade": false, "extended": true} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			o := behind(t, webSocket)
			cfg := &httpx.ReverseProxyConfig{}
			if extended {
				cfg.ExtendedTransport = extendedClient(t)
			}
			f := front(t, o.addr, onlyHTTP1, cfg)
			c := dialRaw(t, f.addr)
			c.sayf("%searly", handshake)
			res := c.response("GET")
			require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
			assert.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", res.Header.Get("Sec-WebSocket-Accept"))
			assert.Equal(t, "talk", res.Header.Get("Sec-WebSocket-Protocol"))
			assert.Equal(t, "early", c.hear(5))
			c.sayf("late")
			assert.Equal(t, "late", c.hear(4))
			require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
			rest, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.Equal(t, "bye", string(rest))
		})
	}
}

// A WebSocket of HTTP/2 passes to either kind of upstream.
func TestTunnelHTTP2(t *testing.T) {
	for name, extended := range map[string]bool{"upgrade": false, "extended": true} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			o := behind(t, webSocket)
			cfg := &httpx.ReverseProxyConfig{ExtendedConnect: true}
			if extended {
				cfg.ExtendedTransport = extendedClient(t)
			}
			f := front(t, o.addr, onlyHTTP1, cfg)
			in, out := io.Pipe()
			res, err := extendedClient(t).RoundTrip(connect(t, f.addr, "websocket", in))
			require.NoError(t, err)
			defer res.Body.Close()
			require.Equal(t, http.StatusOK, res.StatusCode)
			assert.Equal(t, "talk", res.Header.Get("Sec-WebSocket-Protocol"))
			assert.Empty(t, res.Header.Get("Sec-WebSocket-Accept")+res.Header.Get("Upgrade")+res.Header.Get("Connection"))
			io.WriteString(out, "hello")
			got := make([]byte, 5)
			_, err = io.ReadFull(res.Body, got)
			require.NoError(t, err)
			assert.Equal(t, "hello", string(got))
			require.NoError(t, out.Close())
			rest, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, "bye", string(rest))
		})
	}
}

// extendedClient speaks HTTP/2 in clear text, and takes extended CONNECT.
func extendedClient(t *testing.T) *http2.Transport {
	t.Helper()
	tr := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// connect is an extended CONNECT to /chat.
func connect(t *testing.T, address, protocol string, body io.ReadCloser) *http.Request {
	t.Helper()
	u := &url.URL{Scheme: "http", Host: address, Path: "/chat"}
	req := (&http.Request{Method: http.MethodConnect, URL: u, Host: address, Body: body, ContentLength: -1, Header: http.Header{
		":protocol": {protocol}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Protocol": {"talk"},
	}}).WithContext(t.Context())
	return req
}

// What the upstream or the config refuses is an answer, not a tunnel.
func TestTunnelRefused(t *testing.T) {
	noLeak(t)
	o := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chat" && r.Header.Get("Sec-WebSocket-Protocol") == "talk" {
			http.Error(w, "not here", http.StatusForbidden)
			return
		}
		if r.URL.Path == "/plain" {
			io.WriteString(w, "what upgrade?")
			return
		}
		webSocket(w, r)
	})
	for _, tt := range []struct {
		name, protocol string
		cfg            httpx.ReverseProxyConfig
		status         int
	}{
		{"not offered", "websocket", httpx.ReverseProxyConfig{}, 501},
		{"other protocol", "connect-udp", httpx.ReverseProxyConfig{ExtendedConnect: true}, 501},
		{"upstream refuses", "websocket", httpx.ReverseProxyConfig{ExtendedConnect: true}, 403},
		{"extended upstream refuses", "websocket", httpx.ReverseProxyConfig{ExtendedConnect: true, ExtendedTransport: extendedClient(t)}, 403},
		{"wrong key", "websocket", httpx.ReverseProxyConfig{ExtendedConnect: true, Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Path = "/wrong" }}, 502},
		{"upstream goes on", "websocket", httpx.ReverseProxyConfig{ExtendedConnect: true, Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Path = "/plain" }}, 502},
		{"upgrade not allowed", "websocket", httpx.ReverseProxyConfig{ExtendedConnect: true, Upgrades: []string{"echo"}, Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Path = "/plain" }}, 502},
		{"nobody", "websocket", httpx.ReverseProxyConfig{ExtendedConnect: true, ExtendedTransport: extendedClient(t), Target: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}}, 502},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := front(t, o.addr, onlyHTTP1, &tt.cfg)
			in, out := io.Pipe()
			defer out.Close()
			res, err := extendedClient(t).RoundTrip(connect(t, f.addr, tt.protocol, in))
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, tt.status, res.StatusCode)
		})
	}
	for _, tt := range []struct {
		upgrade string
		allowed []string
		status  int
	}{
		{"echo", nil, 418}, {"echo", []string{"*"}, 101}, {"Echo", []string{"echo"}, 101},
		{"h2c", []string{"*"}, 418}, {"echo, h2c", []string{"*"}, 418}, {"websocket", []string{"echo"}, 418},
	} {
		f := front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{Upgrades: tt.allowed})
		c := dialRaw(t, f.addr)
		c.sayf("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", tt.upgrade)
		assert.Equal(t, tt.status, c.response("GET").StatusCode, "%v", tt)
	}
}

// A tunnel in which nothing moves ends, one in which something does stays.
func TestTunnelIdle(t *testing.T) {
	noLeak(t)
	o := behind(t, webSocket)
	const idle = time.Second
	f := front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{TunnelIdleTimeout: idle})
	c := dialRaw(t, f.addr)
	err := errors.New("not yet")
	for slowest := idle; err != nil; {
		// Where nothing has moved for so long, because the machine was busy with other things, it may end.
		require.GreaterOrEqual(t, slowest, idle, "%v", err)
		c = dialRaw(t, f.addr)
		c.sayf(handshake)
		require.Equal(t, http.StatusSwitchingProtocols, c.response("GET").StatusCode)
		slowest, err = chat(c, 8, idle/5)
	}
	_, err = c.ReadByte()
	var timeout net.Error
	assert.False(t, errors.As(err, &timeout) && timeout.Timeout(), "still open")
	f = front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{TunnelIdleTimeout: -1})
	c = dialRaw(t, f.addr)
	c.sayf(handshake)
	require.Equal(t, http.StatusSwitchingProtocols, c.response("GET").StatusCode)
}

// chat says a word so many times, each after a pause, and hears it again. It returns the
// longest time from one word to the end of the next.
func chat(c *raw, times int, pause time.Duration) (slowest time.Duration, err error) {
	for last := time.Now(); times > 0 && err == nil; times-- {
		time.Sleep(pause)
		said := time.Now()
		if _, err = io.WriteString(c.Conn, "x"); err == nil {
			_, err = c.ReadByte()
		}
		slowest = max(slowest, time.Since(last))
		last = said
	}
	return slowest, err
}

// Shutdown waits for a tunnel, and cuts it when it has to.
func TestTunnelShutdown(t *testing.T) {
	noLeak(t)
	o := behind(t, webSocket)
	f := front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{})
	c := dialRaw(t, f.addr)
	c.sayf(handshake)
	require.Equal(t, http.StatusSwitchingProtocols, c.response("GET").StatusCode)
	ctx, cancel := context.WithCancel(t.Context())
	done := shutdown(ctx, f)
	c.sayf("x")
	assert.Equal(t, "x", c.hear(1))
	cancel()
	assert.ErrorContains(t, <-done, "1 requests and 1 conns were cut")
	_, err := c.ReadByte()
	assert.Error(t, err)
}

// CONNECT opens a tunnel where it is allowed to.
func TestConnect(t *testing.T) {
	noLeak(t)
	target := listen(t)
	go func() {
		for {
			c, err := target.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				echoWords(c, c)
			}()
		}
	}()
	deny := errors.New("not there")
	allow := func(_ *http.Request, address string) error {
		if address == target.Addr().String() || address == "127.0.0.1:1" {
			return nil
		}
		return deny
	}
	told := new(faults)
	h, err := httpx.NewConnect(&httpx.ConnectConfig{Allow: allow, OnError: func(_ *http.Request, err error) { told.add(err) }})
	require.NoError(t, err)
	p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: "x"}, Connect: h})
	require.NoError(t, err)
	defer p.Close()
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: p})

	for address, status := range map[string]int{"127.0.0.1:9": 403, "127.0.0.1": 403, "127.0.0.1:1": 502} {
		c := dialRaw(t, s.addr)
		c.sayf("CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", address)
		assert.Equal(t, status, c.response("CONNECT").StatusCode, address)
	}
	assert.Contains(t, told.text(), "not there")
	assert.Contains(t, told.text(), "refused")

	c := dialRaw(t, s.addr)
	c.sayf("CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\nearly", target.Addr())
	require.Equal(t, http.StatusOK, c.response("CONNECT").StatusCode)
	assert.Equal(t, "early", c.hear(5))
	require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
	assert.Equal(t, "bye", c.hear(3))

	in, out := io.Pipe()
	req := (&http.Request{
		Method: http.MethodConnect, URL: &url.URL{Scheme: "http", Host: s.addr}, Host: target.Addr().String(),
		Header: http.Header{}, Body: in, ContentLength: -1,
	}).WithContext(t.Context())
	res, err := client(t, onlyH2C, nil).RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	io.WriteString(out, "hello")
	r := bufio.NewReader(res.Body)
	got := make([]byte, 5)
	_, err = io.ReadFull(r, got)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	require.NoError(t, out.Close())
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "bye", string(rest))

	none, err := httpx.NewConnect(nil)
	require.NoError(t, err)
	s = serveOn(t, listen(t), &httpx.ServerConfig{Handler: none})
	c = dialRaw(t, s.addr)
	c.sayf("CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", target.Addr())
	assert.Equal(t, http.StatusForbidden, c.response("CONNECT").StatusCode)
	c = dialRaw(t, s.addr)
	c.sayf("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.Equal(t, http.StatusMethodNotAllowed, c.response("GET").StatusCode)
	_, err = httpx.NewConnect(&httpx.ConnectConfig{DialTimeout: -1})
	assert.Equal(t, "DialTimeout", failure(t, err).Field)
}

// The import makes net/http offer extended CONNECT and leaves no trace in the
// environment; who sets GODEBUG decides, and then the proxy says that it cannot.
func TestExtendedConnectOffered(t *testing.T) {
	const child = "HTTPX_TEST_CHILD"
	if os.Getenv(child) != "" {
		_, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: "x"}, ExtendedConnect: true})
		fmt.Fprintf(os.Stdout, "offered=%t unsupported=%t GODEBUG=%s.", httpx.ExtendedConnectOffered(), errors.Is(err, errors.ErrUnsupported), os.Getenv("GODEBUG"))
		return
	}
	noLeak(t)
	for godebug, want := range map[string]string{
		"":                        "offered=true unsupported=false GODEBUG=.",
		"madvdontneed=1":          "offered=true unsupported=false GODEBUG=madvdontneed=1.",
		"http2xconnect=0":         "offered=false unsupported=true GODEBUG=http2xconnect=0.",
		"x=1,http2xconnect=1,y=2": "offered=true unsupported=false GODEBUG=x=1,http2xconnect=1,y=2.",
	} {
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestExtendedConnectOffered$")
		// The race detector would let it sleep for a second at its end.
		cmd.Env = append(os.Environ(), child+"=1", "GODEBUG="+godebug, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), want)
	}
	assert.NotContains(t, os.Getenv("GODEBUG"), "http2xconnect")
}

// quic-go tells the protocol of an extended CONNECT by Proto. internal/integration has its server; here is who decides.
func TestTunnelHTTP3Refused(t *testing.T) {
	noLeak(t)
	for _, tt := range []struct {
		proto    string
		extended bool
		want     int
	}{
		{"websocket", true, http.StatusBadGateway},
		{"websocket", false, http.StatusNotImplemented},
		{"connect-udp", true, http.StatusNotImplemented},
		{"HTTP/3.0", true, http.StatusMethodNotAllowed},
	} {
		p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, ExtendedConnect: tt.extended})
		require.NoError(t, err)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, &http.Request{
			Method: http.MethodConnect, Proto: tt.proto, ProtoMajor: 3, Host: "h.test", RequestURI: "/chat",
			URL: &url.URL{Path: "/chat"}, Header: http.Header{}, Body: http.NoBody,
		})
		assert.Equal(t, tt.want, w.Code, "%+v", tt)
		require.NoError(t, p.Close())
	}
}
