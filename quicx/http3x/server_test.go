package http3x_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// Requests are served, counted, and know their conn; nothing is left.
func TestServer(t *testing.T) {
	noLeak(t)
	type key struct{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "conn", r.Context().Value(key{}))
		assert.Equal(t, "h3", r.TLS.NegotiatedProtocol)
		echo(w, r)
	}, func(c *http3x.ServerConfig) {
		c.ConnContext = func(ctx context.Context, q *quic.Conn) context.Context {
			assert.NotNil(t, q.RemoteAddr())
			return context.WithValue(ctx, key{}, "conn")
		}
	})
	rt := transport(t, nil)
	for range 3 {
		assert.Equal(t, "200 PUT "+s.addr+" body", fetch(t, rt, http.MethodPut, s.url("/"), "body"))
	}
	eventually(t, "the last request has ended", func() bool { return s.Stats().InFlight == 0 })
	assert.Equal(t, http3x.Stats{Conns: 1, Idle: 1, Requests: 3}, s.Stats())
	require.NoError(t, rt.Close())
	eventually(t, "the conn has ended", func() bool { return s.Stats().Conns == 0 })
	assert.Equal(t, "<nil>", s.errors.text())
}

// The handler has what http3's own ResponseWriter has.
func TestServerWriter(t *testing.T) {
	noLeak(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		assert.NoError(t, control.EnableFullDuplex())
		w.Header().Set("Trailer", "After")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusAccepted)
		w.(http.Flusher).Flush()
		n, err := io.Copy(w, r.Body)
		assert.NoError(t, err)
		w.Header().Set("After", fmt.Sprint(n, r.Trailer.Get("Sum")))
		_, _, err = control.Hijack()
		assert.ErrorIs(t, err, http.ErrNotSupported)
		<-w.(http3.Settingser).ReceivedSettings()
		assert.False(t, w.(http3.Settingser).Settings().EnableDatagrams)
	}, nil)
	text := strings.Repeat("0123456789abcdef", 1<<16) // several pieces
	req := request(t, http.MethodPost, s.url("/"), strings.NewReader(text))
	req.Trailer = http.Header{"Sum": {"7"}}
	res, err := transport(t, nil).RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.True(t, text == string(body))
	assert.Equal(t, http.StatusAccepted, res.StatusCode)
	assert.Equal(t, fmt.Sprint(len(text), "7"), res.Trailer.Get("After"))
}

// A panic resets its request, is reported with the place, and harms no other one.
func TestServerPanic(t *testing.T) {
	noLeak(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("boom")
		case "/abort":
			panic(http.ErrAbortHandler)
		}
		echo(w, r)
	}, nil)
	rt := transport(t, nil)
	for _, path := range []string{"/abort", "/panic"} {
		text := fetch(t, rt, http.MethodGet, s.url(path), "")
		assert.Contains(t, text, "H3_INTERNAL_ERROR", path)
	}
	assert.Equal(t, "200 GET "+s.addr+" ", fetch(t, rt, http.MethodGet, s.url("/"), ""))
	text := s.errors.text()
	assert.Contains(t, text, "http3x: serve 127.0.0.1:")
	assert.Contains(t, text, "panic in the handler of GET /panic: boom")
	assert.Contains(t, text, "server_test.go")
	assert.NotContains(t, text, "abort")
	assert.Zero(t, s.Stats().InFlight)
}

// A header above the bound is answered with 431.
func TestServerHeaderBound(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, func(c *http3x.ServerConfig) { c.MaxHeaderBytes = 2000 })
	req := request(t, http.MethodGet, s.url("/"), nil)
	req.Header.Set("X", strings.Repeat("x", 1000))
	rt := transport(t, nil)
	assert.Contains(t, do(rt, req), "200 ")
	req.Header.Set("X", strings.Repeat("x", 3000))
	assert.Contains(t, do(rt, req), "431 ")
}

// Configs that GetConfigForClient returns speak h3 too, and the caller's are not changed.
func TestServerGetConfigForClient(t *testing.T) {
	noLeak(t)
	special := serverTLS(t, "special.test")
	config := serverTLS(t, "127.0.0.1")
	config.NextProtos = []string{"h2", "http/1.1"}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.ServerName == "special.test" {
			return special, nil
		}
		return nil, nil
	}
	s := serve(t, echo, func(c *http3x.ServerConfig) { c.Listen.TLS = config })
	rt := transport(t, func(c *http3x.Config) {
		c.Address = func(context.Context, string) string { return s.addr }
	})
	assert.Equal(t, "200 GET special.test ", fetch(t, rt, http.MethodGet, "https://special.test/", ""))
	assert.Equal(t, "200 GET 127.0.0.1 ", fetch(t, rt, http.MethodGet, "https://127.0.0.1/", ""))
	assert.Nil(t, special.NextProtos)
	assert.Equal(t, []string{"h2", "http/1.1"}, config.NextProtos)
}

// One server serves several sockets, the one of its address among them, and a handler that comes late.
func TestServerSockets(t *testing.T) {
	noLeak(t)
	free := quietAddr(t)
	s := serve(t, nil, func(c *http3x.ServerConfig) {
		c.Handler = http.NotFoundHandler()
		c.Listen.Address = free
	})
	s.SetHandler(nil) // is no handler
	s.SetHandler(http.HandlerFunc(echo))
	ended := make(chan error, 1)
	go func() { ended <- s.ListenAndServe() }()
	rt := transport(t, nil)
	for _, addr := range []string{s.addr, free} {
		eventually(t, "an answer", func() bool {
			return fetch(t, rt, http.MethodGet, "https://"+addr, "") == "200 GET "+addr+" "
		})
	}
	assert.Equal(t, 2, s.Stats().Conns)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "again")
	assert.ErrorIs(t, <-ended, http.ErrServerClosed)
	assert.ErrorIs(t, s.ListenAndServe(), http.ErrServerClosed)
	assert.ErrorIs(t, s.Serve(s.udp), http.ErrServerClosed)
}

// What cannot be served is an error that says why.
func TestServeErrors(t *testing.T) {
	noLeak(t)
	cfg := &http3x.ServerConfig{}
	cfg.Listen.TLS = serverTLS(t)
	taken := listenUDP(t, "127.0.0.1:0")
	cfg.Listen.Address = taken.LocalAddr().String()
	s, err := http3x.NewServer(cfg)
	require.NoError(t, err)
	assert.EqualError(t, s.ListenAndServe(), "http3x: serve "+cfg.Listen.Address+": Handler: is needed")
	s.SetHandler(http.HandlerFunc(echo))

	var e *http3x.Error
	require.ErrorAs(t, s.ListenAndServe(), &e)
	assert.Equal(t, cfg.Listen.Address, e.Address)
	assert.False(t, e.Timeout())

	err = s.Serve(struct{ net.PacketConn }{taken})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "is not an open *net.UDPConn")
	for _, none := range []net.PacketConn{nil, (*net.UDPConn)(nil), &net.UDPConn{}} {
		assert.ErrorIs(t, s.Serve(none), errors.ErrUnsupported)
	}
	require.NoError(t, taken.Close())
	require.ErrorAs(t, s.Serve(taken), &e)
	var none context.Context
	require.ErrorContains(t, s.Shutdown(none), "the context is nil")
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, s.Shutdown(t.Context()), "again")
}

// Close ends a Serve that looks up the name of its address, and nothing waits for the lookup.
func TestServeLooksUpWithoutLock(t *testing.T) {
	noLeak(t)
	asked := make(chan struct{}, 10)
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		asked <- struct{}{}
		<-ctx.Done() // nobody answers
		return nil, ctx.Err()
	}}
	cfg := &http3x.ServerConfig{Handler: http.HandlerFunc(echo)}
	cfg.Listen.TLS, cfg.Listen.Address = serverTLS(t), "name.invalid:0"
	s, err := http3x.NewServer(cfg)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.ListenAndServe() }()
	within(t, "a lookup", asked)
	assert.Zero(t, s.Stats().Conns)
	require.NoError(t, s.Close())
	assert.ErrorIs(t, within(t, "the end", served), http.ErrServerClosed)
}

// What http3 would print goes to OnError, and the stream of a response that has begun cannot be taken over.
func TestServerLogs(t *testing.T) {
	noLeak(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		own := r.Context().Value(http3.ServerContextKey).(*http3.Server)
		own.Logger.With("a", 1).WithGroup("g").Warn("words", "b", 2)
		own.Logger.Info("not this")
		w.Header().Set("Content-Length", "many")
		io.WriteString(w, "body")
		_, err := w.(http3.HTTPStreamer).HTTPStream()
		assert.Error(t, err)
	}, nil)
	assert.Equal(t, "200 body", fetch(t, transport(t, nil), http.MethodGet, s.url("/"), ""))
	assert.Equal(t, "http3x: serve: words a=1 b=2\nhttp3x: serve: Malformed Content-Length value=many", s.errors.text())
}

// A config for one client is completed as that for all is, and holds.
func TestServerConfigForClient(t *testing.T) {
	noLeak(t)
	const requests = 5
	var own atomic.Pointer[quic.Config]
	own.Store(&quic.Config{MaxIncomingStreams: requests})
	entered, leave := make(chan struct{}, requests), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-leave
		echo(w, r)
	}, func(c *http3x.ServerConfig) {
		c.EnableDatagrams = true
		c.Listen.QUIC = &quic.Config{MaxIncomingStreams: 1, GetConfigForClient: func(*quic.ClientInfo) (*quic.Config, error) {
			return own.Load(), nil
		}}
	})
	rt := transport(t, func(c *http3x.Config) { c.EnableDatagrams = true })
	answers := make(chan string, requests)
	for range requests {
		go func() { answers <- fetch(t, rt, http.MethodGet, s.url("/"), "") }()
	}
	for range requests {
		within(t, "a request", entered)
	}
	close(leave)
	for range requests {
		assert.Contains(t, <-answers, "200 GET ")
	}
	assert.Zero(t, s.Stats().Refused)
	assert.False(t, own.Load().EnableDatagrams, "it is the caller's")

	own.Store(&quic.Config{MaxIncomingUniStreams: 2})
	assert.Contains(t, fetch(t, transport(t, nil), http.MethodGet, s.url("/"), ""), "CONNECTION_REFUSED")
}
