//lint:file-ignore SA1019 http.Transport knows no extended CONNECT

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

// A CONNECT leads to what the configuration lists, by HTTP/1.1 and by HTTP/2,
// and nowhere else.
func TestConnect(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	target := l.Addr().String()
	g := start(t, fmt.Sprintf(`
upstreams: [{name: up, echo: http}]
listeners:
  - {name: http, address: 127.0.0.1:0, protocol: http, http_versions: [http1, h2c], connect_to: ["*.example.com:443", %q], routes: [{upstream: up}]}
`, target), nil)

	c := dialTCP(t, g.address("http"))
	say(t, c, "CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n")
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode)
	say(t, c, "through")
	require.NoError(t, c.CloseWrite())
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "through", string(got))
	logged := func(host string, status int) {
		g.log.eventually(t, fmt.Sprintf(`method=CONNECT host=%s path="" upstream="" status=%d`, host, status))
	}
	logged(target, 200)

	for _, refused := range []string{"127.0.0.1:1", "example.com:443", "x.example.com:444", "x.example.com"} {
		c := dialTCP(t, g.address("http"))
		say(t, c, "CONNECT "+refused+" HTTP/1.1\r\nHost: "+refused+"\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		assert.NotEqual(t, 200, res.StatusCode, refused)
		assert.GreaterOrEqual(t, res.StatusCode, 400, refused)
		logged(refused, res.StatusCode)
	}

	body, w := io.Pipe()
	h2 := frames(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, "http://"+g.address("http"), body)
	require.NoError(t, err)
	req.Host, req.URL.Path = target, ""
	res, err = h2.RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, 200, res.StatusCode)
	io.WriteString(w, "by frames")
	buf := make([]byte, len("by frames"))
	_, err = io.ReadFull(res.Body, buf)
	require.NoError(t, err)
	assert.Equal(t, "by frames", string(buf))
	require.NoError(t, w.Close())
}

// frames is a client that speaks HTTP/2 without TLS, and knows extended CONNECT.
func frames(t *testing.T) *http2.Transport {
	t.Helper()
	h2 := &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
	t.Cleanup(h2.CloseIdleConnections)
	return h2
}

// A WebSocket that comes over HTTP/2 (RFC 8441) reaches the upstream as an
// upgrade of HTTP/1.1.
func TestWebSocketOverHTTP2(t *testing.T) {
	settled(t)
	g := start(t, strings.Replace(front(upgrader(t)), `name: http, address: "127.0.0.1:0", protocol: http,`,
		`name: http, address: "127.0.0.1:0", protocol: http, http_versions: [http1, h2c],`, 1), nil)
	body, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, "http://"+g.address("http")+"/chat", body)
	require.NoError(t, err)
	req.Header[":protocol"] = []string{"websocket"}
	res, err := frames(t).RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, 200, res.StatusCode)
	io.WriteString(w, "ping\n")
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "ping\n", line)
	require.NoError(t, w.Close())
}

// What a client says about itself counts if it is a trusted proxy.
func TestForwarded(t *testing.T) {
	settled(t)
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s|%s", r.Header.Get("X-Forwarded-For"), r.Header.Get("Forwarded"), r.Header.Get("Via"))
	})
	for keys, want := range map[string]string{
		"":                                      "127.0.0.1||",
		"forwarding: {trusted: [127.0.0.0/8]},": "192.0.2.1, 127.0.0.1||",
		"forwarding: {trusted: [10.0.0.0/8]}, via: gate,":               "127.0.0.1||1.1 gate",
		"forwarding: {mode: standard, trusted: [127.0.0.1, 10.0.0.1]},": "|for=192.0.2.7, for=127.0.0.1",
		"forwarding: {mode: none},":                                     "||",
	} {
		g := start(t, strings.Replace(front(up), `name: http, address: "127.0.0.1:0", protocol: http,`,
			`name: http, address: "127.0.0.1:0", protocol: http, `+keys, 1), nil)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url("http", "http", "/"), http.NoBody)
		require.NoError(t, err)
		req.Header.Set("X-Forwarded-For", "192.0.2.1")
		req.Header.Set("Forwarded", "for=192.0.2.7")
		res, err := client(t, "HTTP/1.1", nil).Do(req)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(readAll(t, res), want), "%s", keys)
	}
}

// Responses over TLS tell clients about HTTP/3, if it is configured.
func TestAltSvc(t *testing.T) {
	settled(t)
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	g := start(t, strings.ReplaceAll(front(srv.Listener.Addr().String()), "protocol: http, self_signed: [localhost, 127.0.0.1],",
		`protocol: http, self_signed: [localhost, 127.0.0.1], alt_svc: 'h3=":443"; ma=3600',`), nil)
	for listener, want := range map[string]string{"https": `h3=":443"; ma=3600`, "http": ""} {
		res, err := client(t, "HTTP/1.1", g.roots()).Get(g.url(listener, listener, "/"))
		require.NoError(t, err)
		readAll(t, res)
		assert.Equal(t, want, res.Header.Get("Alt-Svc"))
	}
}
