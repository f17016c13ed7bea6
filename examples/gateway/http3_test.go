package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/tlsx/pki"
)

// http3Front is a listener for all versions of HTTP, with further keys, in front
// of an upstream.
func http3Front(upstream, keys string) string {
	return fmt.Sprintf(`
upstreams: [{name: up, %s}]
listeners:
  - {name: web, address: "127.0.0.1:0", protocol: http3, self_signed: [localhost, 127.0.0.1], routes: [{upstream: up}], %s}
`, upstream, keys)
}

// client3 returns a client that speaks HTTP/3 only.
func client3(t *testing.T, roots *x509.CertPool, local string) *http.Client {
	t.Helper()
	tr, err := http3x.NewTransport(&http3x.Config{
		Dial: quicx.DialConfig{TLS: &tls.Config{RootCAs: roots}, LocalAddr: local, Timeout: patience}, DisableCompression: true,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, tr.Close()) })
	return &http.Client{Transport: tr, Timeout: patience}
}

// All versions are served at one port number, and those on TCP say where HTTP/3
// is. The body of an upload comes back whole.
func TestHTTP3OnePort(t *testing.T) {
	settled(t)
	for _, upstream := range []string{"echo: http", "echo: http, http_versions: [h2c]", "echo: http, http3: true"} {
		g := start(t, http3Front(upstream, ""), nil)
		url := "https://" + g.address("web") + "/"
		_, port, err := net.SplitHostPort(g.address("web"))
		require.NoError(t, err)
		for version, c := range map[string]*http.Client{
			"HTTP/1.1": client(t, "HTTP/1.1", g.roots()),
			"HTTP/2.0": client(t, "HTTP/2.0", g.roots()),
			"HTTP/3.0": client3(t, g.roots(), ""),
		} {
			const size = 1 << 20
			res, err := c.Post(url, "application/octet-stream", noise(size, 3))
			require.NoError(t, err, version)
			assert.Equal(t, version, res.Proto)
			if version != "HTTP/3.0" {
				assert.True(t, strings.HasPrefix(res.Header.Get("Alt-Svc"), fmt.Sprintf(`h3=":%s"; ma=`, port)), res.Header)
			}
			want, err := io.ReadAll(noise(size, 3))
			require.NoError(t, err)
			assert.Equal(t, string(want), readAll(t, res))
		}
	}
}

// The UDP socket has the versions of IP that the TCP socket has.
func TestHTTP3Families(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil && (os.Getenv("CI") != "true" || runtime.GOOS != "linux") {
		t.Skip("no IPv6:", err)
	}
	require.NoError(t, err)
	require.NoError(t, l.Close())
	settled(t)
	for address, want := range map[string]struct{ ip, only6 string }{
		"tcp4://0.0.0.0:0": {"0.0.0.0", ""},
		"tcp6://[::]:0":    {"::", "true"},
		"tcp://[::]:0":     {"::", "false"},
		"tcp://0.0.0.0:0":  {"::", "false"},
		"tcp://[::1]:0":    {"::1", "true"},
	} {
		t.Run(address, func(t *testing.T) {
			g := start(t, strings.Replace(http3Front("echo: http", ""), "127.0.0.1:0", address, 1), nil)
			pc := g.door("web").packets[0]
			assert.Equal(t, want.ip, pc.LocalAddr().(*net.UDPAddr).IP.String())
			if want.only6 == "" {
				return
			}
			only6, err := sockopt.IPv6V6Only.Get(pc.(syscall.Conn))
			require.NoError(t, err)
			assert.Equal(t, want.only6, fmt.Sprint(only6))
		})
	}
}

// Rules are for both sockets.
func TestHTTP3Denied(t *testing.T) {
	settled(t)
	g := start(t, http3Front("echo: http", "deny: [127.0.0.9]"), nil)
	res, err := client3(t, g.roots(), "127.0.0.1:0").Get("https://" + g.address("web") + "/")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	readAll(t, res)
	_, err = client3(t, g.roots(), "127.0.0.9:0").Get("https://" + g.address("web") + "/")
	require.Error(t, err)
	g.log.eventually(t, "refused by rule")
	refusedFrom(t, g.address("web"), "127.0.0.9")
}

// refusedFrom wants a conn from an address to be reset.
func refusedFrom(t *testing.T, address, from string) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.DialContext(t.Context(), "tcp", address)
	if err == nil {
		defer c.Close()
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		_, err = c.Read(make([]byte, 1))
	}
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
}

// A WebSocket of HTTP/3 (RFC 9220) reaches an upstream of HTTP/1.1.
func TestHTTP3Upgrade(t *testing.T) {
	settled(t)
	g := start(t, http3Front("address: "+upgrader(t), "http_versions: [http1]"), nil)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), g.CA().PEM(), 0o600))
	// Another gateway reaches it over HTTP/3.
	outer := start(t, fmt.Sprintf(`
upstreams: [{name: up, address: "udp://%s", http3: true, tls: {roots: {from: [{file: %q}]}}}]
listeners: [{name: http, address: "127.0.0.1:0", protocol: http, routes: [{upstream: up}]}]
`, g.address("web"), filepath.Join(dir, "ca.pem")), nil)
	upgraded, r := upgrade(t, outer.address("http"))
	say(t, upgraded, "ping\n")
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "ping\n", line)
	require.NoError(t, upgraded.Close())
	tr, err := http3x.NewTransport(&http3x.Config{Dial: quicx.DialConfig{TLS: &tls.Config{RootCAs: g.roots()}, Timeout: patience}})
	require.NoError(t, err)
	defer tr.Close()
	d, err := http3x.NewExtendedDialer(tr, time.Minute)
	require.NoError(t, err)
	defer d.Close()
	req, err := http3x.NewExtendedRequest(t.Context(), "websocket", "wss://"+g.address("web")+"/")
	require.NoError(t, err)
	req.Header.Set("Sec-WebSocket-Version", "13")
	c, res, err := d.Dial(req)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	for range 3 {
		require.NoError(t, swap(c, "ping", "ping"))
	}
	require.NoError(t, c.Close())
	g.log.eventually(t, "status=200")
}

// A request in flight is answered, and new ones are refused, while the gateway
// drains.
func TestHTTP3Drains(t *testing.T) {
	settled(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	l := listenTCP(t)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		io.WriteString(w, "late")
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	g := start(t, http3Front(fmt.Sprintf("address: %q", "tcp://"+l.Addr().String()), ""), nil)
	c := client3(t, g.roots(), "")
	got := make(chan string, 1)
	go func() {
		res, err := c.Get("https://" + g.address("web") + "/")
		if err != nil {
			got <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		got <- string(b)
	}()
	<-arrived
	down := make(chan bool, 1)
	go func() {
		ctx, cancel := contextFor(patience)
		defer cancel()
		down <- g.Shutdown(ctx)
	}()
	select {
	case <-down:
		t.Error("it did not wait")
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	assert.Equal(t, "late", <-got)
	assert.True(t, <-down)
}

// upstream3 runs an upstream over HTTP/3 and returns its keys in a document.
func upstream3(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	require.NoError(t, err)
	roots := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(roots, ca.PEM(), 0o600))
	srv, err := http3x.NewServer(&http3x.ServerConfig{
		Handler: h,
		Listen:  quicx.ListenConfig{TLS: &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}, MinVersion: tls.VersionTLS13}},
	})
	require.NoError(t, err)
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(pc) }()
	t.Cleanup(func() {
		srv.Close()
		pc.Close()
		<-served
	})
	return fmt.Sprintf(`address: "udp://%v", http3: true, tls: {roots: {from: [{file: %q}]}}`, pc.LocalAddr(), roots)
}

// A WebSocket to an upstream over HTTP/3 that does not answer has the time that
// any request has.
func TestHTTP3WebSocketToSilentUpstream(t *testing.T) {
	settled(t)
	up := upstream3(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	g := start(t, fmt.Sprintf(`
upstreams: [{name: up, response_timeout: 300ms, %s}]
listeners: [{name: http, address: "127.0.0.1:0", protocol: http, routes: [{upstream: up}]}]
`, up), nil)
	c := dialTCP(t, g.address("http"))
	say(t, c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusGatewayTimeout, res.StatusCode)
}

// A request to an upstream over HTTP/3 that a reload has left goes on, also when
// the drain time is over.
func TestHTTP3UpstreamLeft(t *testing.T) {
	settled(t)
	came, goOn := make(chan bool, 1), make(chan bool)
	slow := upstream3(t, func(w http.ResponseWriter, _ *http.Request) {
		came <- true
		<-goOn
		io.WriteString(w, "slow")
	})
	text := func(upstreams string) string {
		return fmt.Sprintf(`
drain: 1ms
upstreams: [{name: up, %s}]
listeners: [{name: http, address: "127.0.0.1:0", protocol: http, routes: [{upstream: up}]}]
`, upstreams)
	}
	g := start(t, text(slow+"}, {name: unused, "+slow), nil)
	got := ask(client(t, "HTTP/1.1", nil), "http://"+g.address("http")+"/")
	<-came
	require.NoError(t, g.reload(t, text("echo: http")))
	g.log.eventually(t, "msg=ended upstream=unused") // so its time is over
	assert.NotContains(t, g.log.String(), "msg=ended upstream=up")
	close(goOn)
	a := <-got
	require.NoError(t, a.err)
	assert.Equal(t, "slow", a.body)
	g.log.eventually(t, "msg=ended upstream=up")
}
