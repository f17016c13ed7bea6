//lint:file-ignore SA1019 http.Transport knows no extended CONNECT

package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// Who answers a WebSocket of HTTP/2 that has failed can take its stream as a
// conn, with addresses, deadlines and both directions.
func TestExtendedConn(t *testing.T) {
	noLeak(t)
	failed := make(chan error, 1)
	f := front(t, "", onlyHTTP1, &httpx.ReverseProxyConfig{
		ExtendedConnect: true,
		Route:           func(*http.Request) (*url.URL, error) { return nil, errors.New("nowhere") },
		Failed: func(w http.ResponseWriter, r *http.Request, status int, err error) {
			assert.Equal(t, http.StatusBadGateway, status)
			assert.ErrorContains(t, err, "route: nowhere")
			c, _, err := http.NewResponseController(w).Hijack()
			if !assert.NoError(t, err) {
				return
			}
			assert.Equal(t, r.Context().Value(http.LocalAddrContextKey), c.LocalAddr())
			assert.Equal(t, r.RemoteAddr, c.RemoteAddr().String())
			assert.Equal(t, "tcp", c.RemoteAddr().Network())
			w.Header().Set("X-Own", "1")
			_, err = c.Write([]byte("hello"))
			assert.NoError(t, err)
			assert.NoError(t, c.SetWriteDeadline(time.Now().Add(time.Hour)))
			assert.NoError(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
			p := make([]byte, 2)
			_, err = io.ReadFull(c, p)
			assert.NoError(t, err)
			assert.Equal(t, "hi", string(p))
			assert.NoError(t, c.SetDeadline(time.Now().Add(-time.Second)))
			_, err = c.Read(p)
			failed <- err
		},
	})
	in, out := io.Pipe()
	res, err := extendedClient(t).RoundTrip(connect(t, f.addr, "websocket", in))
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, "1", res.Header.Get("X-Own"))
	got := make([]byte, 5)
	_, err = io.ReadFull(res.Body, got)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	_, err = io.WriteString(out, "hi")
	require.NoError(t, err)
	assert.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
	out.Close()
}

// A long answer to an upgrade is dropped as a whole when it becomes that to a
// CONNECT, and what is no WebSocket goes by the other transport.
func TestExtendedRare(t *testing.T) {
	noLeak(t)
	long := strings.Repeat("a", 20<<10)
	o := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			io.WriteString(w, r.Proto)
			return
		}
		c, rw, err := http.NewResponseController(w).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Long: "+long+
			"\r\nSec-WebSocket-Accept: "+httpx.WebSocketAccept(r.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n")
		echoWords(c, rw)
	})
	f := front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{ExtendedConnect: true})
	in, out := io.Pipe()
	res, err := extendedClient(t).RoundTrip(connect(t, f.addr, "websocket", in))
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	assert.Len(t, res.Header.Get("X-Long"), len(long))
	require.NoError(t, out.Close())
	rest, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, "bye", string(rest))

	f = front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{ExtendedTransport: extendedClient(t)})
	_, body, err := get(t, client(t, onlyHTTP1, nil), "http://"+f.addr)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1", body)
	_, err = httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: "x"}, ExtendedTransport: new(http.Transport)})
	assert.Equal(t, "ExtendedTransport", failure(t, err).Field)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

// CONNECT says why it cannot: in time, or at all.
func TestConnectFailures(t *testing.T) {
	noLeak(t)
	allow := func(*http.Request, string) error { return nil }
	serve := func(d httpx.Dialer, w http.ResponseWriter) error {
		told := new(faults)
		h, err := httpx.NewConnect(&httpx.ConnectConfig{
			Allow: allow, Dialer: d, DialTimeout: time.Millisecond, OnError: func(_ *http.Request, err error) { told.add(err) },
		})
		require.NoError(t, err)
		h.ServeHTTP(w, httptest.NewRequest(http.MethodConnect, "x.test:1", nil))
		return told.first(t)
	}
	stuck := dialFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	w := httptest.NewRecorder()
	assert.ErrorIs(t, serve(stuck, w), context.DeadlineExceeded)
	assert.Equal(t, http.StatusGatewayTimeout, w.Code)

	piped := dialFunc(func(context.Context, string, string) (net.Conn, error) {
		a, b := net.Pipe()
		b.Close()
		return a, nil
	})
	w = httptest.NewRecorder()
	assert.ErrorIs(t, serve(piped, w), http.ErrNotSupported)
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.ErrorIs(t, serve(piped, goneWriter{httptest.NewRecorder()}), io.ErrClosedPipe)
}

// goneWriter has a conn that is closed.
type goneWriter struct{ *httptest.ResponseRecorder }

func (goneWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a, b := net.Pipe()
	b.Close()
	return a, bufio.NewReadWriter(bufio.NewReader(a), bufio.NewWriter(a)), nil
}

// An upstream that switches to what it was not asked for is left at once.
func TestProxyOtherUpgrade(t *testing.T) {
	noLeak(t)
	ended := make(chan error, 1)
	o := behind(t, func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		_, err = rw.ReadByte()
		ended <- err
	})
	f := front(t, o.addr, onlyHTTP1, &httpx.ReverseProxyConfig{TunnelIdleTimeout: -1})
	c := dialRaw(t, f.addr)
	c.sayf("%s", handshake)
	assert.Equal(t, http.StatusBadGateway, c.response(http.MethodGet).StatusCode)
	assert.ErrorIs(t, <-ended, io.EOF)
}

// What the proxy needs of the server may be missing, and a handler around it may
// have set a deadline or want to see the response.
func TestProxyRare(t *testing.T) {
	noLeak(t)
	o := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			webSocket(w, r)
			return
		}
		io.WriteString(w, r.Host)
	})
	serve := func(cfg *httpx.ReverseProxyConfig, change func(*http.Request) *http.Request) (*httptest.ResponseRecorder, error) {
		tr := client(t, onlyHTTP1, nil)
		var told error
		cfg.Transport, cfg.OnError = tr, func(_ *http.Request, err error) { told = err }
		cfg.Target = &url.URL{Scheme: "http", Host: o.addr}
		p, err := httpx.NewReverseProxy(cfg)
		require.NoError(t, err)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, change(httptest.NewRequest(http.MethodGet, "http://x/", nil)))
		return w, told
	}
	w, err := serve(&httpx.ReverseProxyConfig{}, func(r *http.Request) *http.Request { return r })
	assert.Equal(t, "x", w.Body.String())
	assert.NoError(t, err)

	w, err = serve(&httpx.ReverseProxyConfig{}, func(r *http.Request) *http.Request {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
		return r
	})
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Error(t, err)

	w, err = serve(&httpx.ReverseProxyConfig{}, func(r *http.Request) *http.Request {
		ctx, cancel := context.WithDeadline(r.Context(), time.Now().Add(-time.Second))
		t.Cleanup(cancel)
		return r.WithContext(ctx)
	})
	assert.Equal(t, http.StatusGatewayTimeout, w.Code)
	assert.ErrorIs(t, err, context.DeadlineExceeded)

	no := errors.New("not this one")
	w, err = serve(&httpx.ReverseProxyConfig{ModifyResponse: func(*http.Response) error { return no }}, func(r *http.Request) *http.Request { return r })
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.ErrorIs(t, err, no)
}

// A round tripper need not say which request a response is of.
func TestProxyResponseWithoutRequest(t *testing.T) {
	p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{
		Target: &url.URL{Scheme: "http", Host: "a"},
		Via:    "proxy",
		Transport: tripper(func(*http.Request) (*http.Response, error) {
			return answer(nil, http.StatusAccepted, track("hello")), nil
		}),
	})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://x/", nil))
	assert.Equal(t, http.StatusAccepted, w.Code)
	assert.Equal(t, "hello", w.Body.String())
	assert.Equal(t, "1.1 proxy", w.Header().Get("Via"))
}
