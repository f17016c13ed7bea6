package integration_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
	_ "github.com/strata-net/strata/httpx/extconnect"
	"github.com/strata-net/strata/quicx/http3x"
)

// echoWords sends back what it gets, and a last word when that has ended.
func echoWords(w io.Writer, r io.Reader) {
	io.Copy(struct{ io.Writer }{w}, struct{ io.Reader }{r})
	io.WriteString(w, "bye")
}

// upgraded accepts the WebSockets of HTTP/1.1, and what is between their frames.
func upgraded(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.URL.Path != "/chat" || r.Header.Get("X-Forwarded-Proto") != "https" {
		http.Error(w, "no", http.StatusTeapot)
		return
	}
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: talk\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	echoWords(c, rw)
}

// extended accepts those of HTTP/3.
func extended(w http.ResponseWriter, r *http.Request) {
	if http3x.ExtendedProtocol(r) != http3x.WebSocket || r.URL.Path != "/chat" {
		http.Error(w, "no", http.StatusTeapot)
		return
	}
	w.Header().Set("Sec-WebSocket-Protocol", "talk")
	c, err := http3x.AcceptExtended(w, r)
	if err != nil {
		return
	}
	defer c.Close()
	echoWords(c, c)
}

// proxyTo serves a reverse proxy on one port number.
func proxyTo(t *testing.T, cfg *httpx.ReverseProxyConfig) *onePort {
	t.Helper()
	p, err := httpx.NewReverseProxy(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return serveOnePort(t, p, time.Minute)
}

// extendedClient dials extended CONNECTs to a server.
func (p *onePort) extendedClient(t *testing.T) *http3x.ExtendedDialer {
	t.Helper()
	tr := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: p.ca.Pool()}, Dial: quic.DialAddrEarly}
	d, err := http3x.NewExtendedDialer(tr, 0)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func (p *onePort) open(ctx context.Context, t *testing.T, protocol string) (*http3x.ExtendedConn, *http.Response, error) {
	t.Helper()
	r, err := http3x.NewExtendedRequest(ctx, protocol, "https://"+p.addr+"/chat")
	require.NoError(t, err)
	return p.extendedClient(t).Dial(r)
}

// A WebSocket of HTTP/3 passes the reverse proxy, to an upstream of HTTP/1.1 and to one of HTTP/3.
func TestExtendedThroughProxy(t *testing.T) {
	t.Run("to HTTP/1.1", func(t *testing.T) {
		noGoroutines(t)
		upstream := httptest.NewServer(http.HandlerFunc(upgraded))
		defer upstream.Close()
		target, err := url.Parse(upstream.URL)
		require.NoError(t, err)
		talk(t, proxyTo(t, &httpx.ReverseProxyConfig{Target: target, ExtendedConnect: true}))
	})
	t.Run("to HTTP/3", func(t *testing.T) {
		noGoroutines(t)
		upstream := serveOnePort(t, http.HandlerFunc(extended), time.Minute)
		tr := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: upstream.ca.Pool()}}
		t.Cleanup(func() { assert.NoError(t, tr.Close()) })
		talk(t, proxyTo(t, &httpx.ReverseProxyConfig{
			Target: &url.URL{Scheme: "https", Host: upstream.addr}, ExtendedConnect: true,
			Transport: tr, ExtendedTransport: http3x.NewExtendedTransport(tr),
		}))
		upstream.end()
		assert.NoError(t, <-upstream.ran)
	})
}

// talk says a word to the end of a WebSocket, and ends it and the server.
func talk(t *testing.T, p *onePort) {
	t.Helper()
	c, res, err := p.open(t.Context(), t, "websocket")
	require.NoError(t, err)
	assert.Equal(t, "talk", res.Header.Get("Sec-WebSocket-Protocol"))
	assert.Empty(t, res.Header.Get("Sec-WebSocket-Accept")+res.Header.Get("Upgrade")+res.Header.Get("Connection"))
	r := bufio.NewReader(c)
	for range 3 {
		_, err = io.WriteString(c, "hello\n")
		require.NoError(t, err)
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "hello\n", line)
	}
	require.NoError(t, c.CloseWrite())
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "bye", string(rest))
	require.NoError(t, c.Close())
	p.end()
	assert.NoError(t, <-p.ran)
}

// What is not allowed is refused, and is not taken for a plain CONNECT.
func TestExtendedRefusedByProxy(t *testing.T) {
	connect, err := httpx.NewConnect(&httpx.ConnectConfig{Allow: func(*http.Request, string) error {
		assert.Fail(t, "taken for a plain CONNECT")
		return nil
	}})
	require.NoError(t, err)
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	for _, tt := range []struct {
		name, protocol string
		cfg            httpx.ReverseProxyConfig
		want           int
	}{
		{"off", "websocket", httpx.ReverseProxyConfig{Target: target, Connect: connect}, 501},
		{"other protocol", "connect-udp", httpx.ReverseProxyConfig{Target: target, Connect: connect, ExtendedConnect: true}, 501},
		{"no upstream", "websocket", httpx.ReverseProxyConfig{Target: target, Connect: connect, ExtendedConnect: true}, 502},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noGoroutines(t)
			p := proxyTo(t, &tt.cfg)
			_, res, err := p.open(t.Context(), t, tt.protocol)
			require.Error(t, err)
			require.NotNil(t, res, "%v", err)
			assert.Equal(t, tt.want, res.StatusCode)
			p.end()
			assert.NoError(t, <-p.ran)
		})
	}
}

// A client that goes away ends the conn to the upstream.
func TestExtendedClientGone(t *testing.T) {
	noGoroutines(t)
	ended := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		upgraded(w, r)
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	p := proxyTo(t, &httpx.ReverseProxyConfig{Target: target, ExtendedConnect: true})
	c, _, err := p.open(t.Context(), t, "websocket")
	require.NoError(t, err)
	require.NoError(t, c.Close())
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		assert.Fail(t, "the upstream goes on")
	}
	p.end()
	assert.NoError(t, <-p.ran)
}
