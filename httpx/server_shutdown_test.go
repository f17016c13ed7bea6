package httpx_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"github.com/strata-net/strata/httpx"
)

// shutdown begins a Shutdown and returns its result later.
func shutdown(ctx context.Context, s *running) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	<-s.Draining()
	return done
}

// A request in flight is answered whatever its protocol, and its client told that this was the last.
func TestShutdownWaits(t *testing.T) {
	serverTLS, clientTLS := identity(t)
	for _, tt := range []struct {
		name, scheme string
		tls          *tls.Config
		p            *http.Protocols
	}{
		{"h1", "http", nil, onlyHTTP1}, {"h2c", "http", nil, onlyH2C},
		{"h1 tls", "https", serverTLS, onlyHTTP1}, {"h2", "https", serverTLS, versions(false, true, false)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t)
			entered, leave := make(chan struct{}), make(chan struct{})
			s := serveOn(t, listen(t), &httpx.ServerConfig{TLS: tt.tls, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(entered)
				<-leave
				fmt.Fprint(w, r.Context().Err())
			})})
			answer := make(chan string, 1)
			tr := client(t, tt.p, clientTLS)
			go func() { answer <- ask(t, tr, tt.scheme+"://"+s.addr) }()
			<-entered
			assert.Equal(t, int64(1), s.Stats().HTTP1.InFlight+s.Stats().HTTP2.InFlight)
			done := shutdown(t.Context(), s)
			c, err := net.Dial("tcp", s.addr)
			for err == nil { // until the listener is closed
				c.Close()
				c, err = net.Dial("tcp", s.addr)
			}
			select {
			case <-done:
				assert.Fail(t, "did not wait")
			default:
			}
			close(leave)
			assert.Equal(t, "200 <nil>", <-answer)
			require.NoError(t, <-done)
			assert.Equal(t, httpx.ServerStats{HTTP1: s.Stats().HTTP1, HTTP2: s.Stats().HTTP2}, s.Stats())
		})
	}
}

// A conn from before the Shutdown is served even if its request arrives after it.
func TestShutdownLateRequest(t *testing.T) {
	for name, p := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			answer, dials := lateRequest(t, p)
			for range 10 { // GOAWAY can be faster than the first request: it is not lost, its client dials again
				if p != onlyH2C || dials == 1 {
					break
				}
				answer, dials = lateRequest(t, p)
			}
			assert.Regexp(t, "^200 ", answer)
			assert.EqualValues(t, 1, dials)
		})
	}
}

// lateRequest sends a request on a conn that was accepted before a Shutdown, and
// says how many conns the client asked for.
func lateRequest(t *testing.T, p *http.Protocols) (answer string, dials int64) {
	t.Helper()
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: tell})
	c, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	eventually(t, "accepted", func() bool { return s.Stats().New == 1 })
	done := shutdown(t.Context(), s)
	var n atomic.Int64
	tr := &http.Transport{Protocols: p, DialContext: func(context.Context, string, string) (net.Conn, error) {
		n.Add(1)
		return c, nil
	}}
	defer tr.CloseIdleConnections()
	answer = ask(t, tr, "http://x")
	require.NoError(t, <-done)
	return answer, n.Load()
}

// What is not done in time is cut, and counted.
func TestShutdownCuts(t *testing.T) {
	for name, p := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			entered, cause := make(chan struct{}), make(chan error, 1)
			s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				close(entered)
				<-r.Context().Done()
				cause <- context.Cause(r.Context())
			})})
			answer := make(chan string, 1)
			tr := client(t, p, nil)
			go func() { answer <- ask(t, tr, "http://"+s.addr) }()
			<-entered
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			e := failure(t, s.Shutdown(ctx))
			assert.Equal(t, "shutdown", e.Op)
			assert.ErrorContains(t, e, "1 requests and 1 conns were cut")
			assert.ErrorIs(t, e, context.DeadlineExceeded)
			assert.ErrorIs(t, <-cause, http.ErrServerClosed)
			assert.NotContains(t, <-answer, "200")
			assert.NoError(t, s.Shutdown(ctx), "after the end")
		})
	}
}

// Hijacked conns count until they are closed, and are cut as well.
func TestShutdownHijacked(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprintf("cut=%t", cut), func(t *testing.T) {
			noLeak(t)
			s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, rw, err := http.NewResponseController(w).Hijack()
				if !assert.NoError(t, err) {
					return
				}
				_, _, err = http.NewResponseController(w).Hijack()
				assert.ErrorIs(t, err, http.ErrHijacked)
				go func() { // beyond the handler
					defer c.Close()
					io.Copy(c, rw)
				}()
			})})
			c := dialRaw(t, s.addr)
			c.sayf("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			eventually(t, "hijacked", func() bool { return s.Stats().Hijacked == 1 })
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			done := shutdown(ctx, s)
			c.sayf("ping")
			assert.Equal(t, "ping", c.hear(4))
			if cut {
				cancel(errors.New("enough"))
				assert.ErrorContains(t, <-done, "0 requests and 1 conns were cut: enough")
				_, err := c.ReadByte()
				assert.Error(t, err)
				return
			}
			require.NoError(t, c.Close())
			require.NoError(t, <-done)
		})
	}
}

// The conn that a handler gets has what conns below it have.
func TestHijackedConn(t *testing.T) {
	noLeak(t)
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer c.Close()
		own := c.(interface {
			NetConn() net.Conn
			CloseWrite() error
			io.ReaderFrom
			io.WriterTo
			syscall.Conn
		})
		_, err = own.SyscallConn()
		assert.NoError(t, err)
		assert.IsType(t, &net.TCPConn{}, own.NetConn())
		_, err = own.ReadFrom(bytes.NewReader([]byte("hello")))
		assert.NoError(t, err)
		assert.NoError(t, own.CloseWrite())
		var got bytes.Buffer
		_, err = own.WriteTo(&got)
		assert.NoError(t, err)
		assert.Equal(t, "bye", got.String())
	})})
	c := dialRaw(t, s.addr)
	c.sayf("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	body, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(body))
	c.sayf("bye")
	require.NoError(t, c.Conn.(*net.TCPConn).CloseWrite())
	eventually(t, "closed", func() bool { return s.Stats().Hijacked == 0 })
}

// Under load no request is lost that the client was allowed to send.
func TestShutdownLoad(t *testing.T) {
	serverTLS, clientTLS := identity(t)
	for _, tt := range []struct {
		name, scheme string
		tls          *tls.Config
		p            *http.Protocols
	}{
		{"h1", "http", nil, onlyHTTP1}, {"h2c", "http", nil, onlyH2C}, {"h2", "https", serverTLS, versions(false, true, false)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t)
			// The kernel resets conns that a listener has not accepted when it closes: the
			// first requests wait for each other, so that all clients have theirs, and the
			// transport makes no more (it would as soon as a request meets no idle conn).
			var first sync.WaitGroup
			first.Add(16)
			var count atomic.Int64
			s := serveOn(t, listen(t), &httpx.ServerConfig{TLS: tt.tls, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if count.Add(1) <= 16 {
					first.Done()
					first.Wait()
				}
				tell(w, r)
			})})
			tr := client(t, tt.p, clientTLS)
			tr.MaxIdleConnsPerHost, tr.MaxConnsPerHost = 16, 16
			var group sync.WaitGroup
			var answered, lost atomic.Int64
			for range 16 {
				group.Go(func() {
					for {
						req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.scheme+"://"+s.addr, nil)
						if err != nil {
							return
						}
						res, err := tr.RoundTrip(req)
						if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
							return // the end: nothing listens any more
						}
						if err == nil {
							_, err = io.Copy(io.Discard, res.Body)
							res.Body.Close()
						}
						if err != nil {
							t.Log(err)
							lost.Add(1)
							return
						}
						answered.Add(1)
					}
				})
			}
			eventually(t, "load", func() bool { return answered.Load() > 200 })
			require.NoError(t, s.Shutdown(t.Context()))
			group.Wait()
			assert.Zero(t, lost.Load())
			assert.Equal(t, answered.Load(), s.Stats().HTTP1.Total+s.Stats().HTTP2.Total)
		})
	}
}

// Nobody is told to go away while a listener is open: who comes back would be accepted
// by nobody, and reset.
func TestShutdown_ClosesFirst(t *testing.T) {
	noLeak(t)
	l := &watchedListener{Listener: listen(t)}
	s := serveOn(t, l, &httpx.ServerConfig{Handler: tell})
	c := dialRaw(t, s.addr)
	answer := func() *http.Response {
		c.sayf("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		res := c.response(http.MethodGet)
		_, err := io.Copy(io.Discard, res.Body)
		assert.NoError(t, err)
		return res
	}
	assert.False(t, answer().Close)
	var during *http.Response
	l.closing = func() { during = answer() }
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(t.Context()) }()
	<-s.Draining()
	require.NotNil(t, during)
	assert.False(t, during.Close, "told before the listener was closed")
	require.NoError(t, <-ended)
}

// watchedListener calls closing once, before it closes.
type watchedListener struct {
	net.Listener
	once    sync.Once
	closing func()
}

func (l *watchedListener) Close() error {
	l.once.Do(l.closing)
	return l.Listener.Close()
}

// A listener that can shut down is not just closed.
func TestShutdownListener(t *testing.T) {
	noLeak(t)
	l := &gracefulListener{Listener: listen(t), shut: make(chan struct{})}
	s := serveOn(t, l, &httpx.ServerConfig{Handler: tell})
	assert.Equal(t, "200 HTTP/1.1 tls=false", ask(t, client(t, onlyHTTP1, nil), "http://"+s.addr))
	require.NoError(t, s.Shutdown(t.Context()))
	<-l.shut
}

type gracefulListener struct {
	net.Listener
	shut chan struct{}
}

func (l *gracefulListener) Shutdown(context.Context) error {
	close(l.shut)
	return l.Close()
}

// A conn has so many requests as it may have, and ends after the last. The conns
// are the test's own: a Transport may dial one more than it needs.
func TestServerMaxRequests(t *testing.T) {
	t.Run("h1", func(t *testing.T) {
		noLeak(t)
		s := serveOn(t, listen(t), &httpx.ServerConfig{MaxRequestsPerConn: 3, Handler: tell})
		for range 2 {
			c := dialRaw(t, s.addr)
			for i := range 3 {
				c.sayf("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				res := c.response(http.MethodGet)
				assert.Equal(t, "HTTP/1.1 tls=false", finish(t, res))
				assert.Equal(t, i == 2, res.Close)
			}
			_, err := c.ReadByte()
			assert.Equal(t, io.EOF, err)
		}
		eventually(t, "no conn", func() bool { return s.Stats().Idle+s.Stats().Active == 0 })
		assert.EqualValues(t, 6, s.Stats().HTTP1.Total)
	})
	t.Run("h2c", func(t *testing.T) {
		noLeak(t)
		s := serveOn(t, listen(t), &httpx.ServerConfig{MaxRequestsPerConn: 3, Handler: tell})
		c := dialFrames(t, s.addr)
		var last uint32
		for stream := uint32(1); stream <= 5; stream += 2 {
			require.Zero(t, last)
			require.NoError(t, c.ask(stream, http.MethodGet, true))
			var err error
			last, err = c.ending(stream)
			require.NoError(t, err)
		}
		if last == 0 { // net/http may say it before or after the answer
			var err error
			last, err = c.ending(0)
			require.NoError(t, err)
		}
		assert.EqualValues(t, 5, last)
		require.NoError(t, c.ask(7, http.MethodGet, true))
		_, err := c.ending(7)
		assert.Equal(t, io.EOF, err)
		eventually(t, "no conn", func() bool { return s.Stats().Idle+s.Stats().Active == 0 })
		assert.EqualValues(t, 3, s.Stats().HTTP2.Total)
	})
}

// ending reads until the stream has ended, 0 until GOAWAY. It returns the last
// stream of a GOAWAY.
func (c *framed) ending(stream uint32) (last uint32, err error) {
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return last, err
		}
		switch f := f.(type) {
		case *http2.GoAwayFrame:
			if last = f.LastStreamID; stream == 0 {
				return last, nil
			}
		case *http2.DataFrame:
			if f.StreamID == stream && f.StreamEnded() {
				return last, nil
			}
		}
	}
}

// HTTP/3 is the caller's server with our handler; others announce it over TLS.
func TestServerHTTP3(t *testing.T) {
	noLeak(t)
	serverTLS, clientTLS := identity(t)
	h3 := &fakeHTTP3{served: make(chan net.PacketConn, 1), end: make(chan struct{})}
	l, u := listenBoth(t)
	s := serveOn(t, l, &httpx.ServerConfig{TLS: serverTLS, Handler: tell, HTTP3: func(h http.Handler) httpx.HTTP3Server {
		h3.handler = h
		return h3
	}})
	served := make(chan error, 1)
	go func() { served <- s.ServePackets(u) }()
	assert.Equal(t, u, <-h3.served)
	assert.ErrorContains(t, s.ServePackets(u), "is served already")
	_, port, err := net.SplitHostPort(s.addr)
	require.NoError(t, err)
	for _, p := range []*http.Protocols{onlyHTTP1, versions(false, true, false)} {
		res, _, err := get(t, client(t, p, clientTLS), "https://"+s.addr)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf(`h3=":%s"; ma=86400`, port), res.Header.Get("Alt-Svc"))
	}
	w := &plainWriter{header: http.Header{}}
	h3.handler.ServeHTTP(w, &http.Request{ProtoMajor: 3, Proto: "HTTP/3.0", TLS: new(tls.ConnectionState)})
	assert.Equal(t, "HTTP/3.0 tls=true", w.String())
	assert.Empty(t, w.header)
	assert.Equal(t, httpx.RequestStats{Total: 1}, s.Stats().HTTP3)
	require.NoError(t, s.Shutdown(t.Context()))
	assert.ErrorIs(t, <-served, http.ErrServerClosed)
	_, err = u.WriteTo([]byte("x"), u.LocalAddr())
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.True(t, h3.closed.Load())
}

// listenBoth opens sockets of TCP and UDP with one port.
func listenBoth(t *testing.T) (l net.Listener, u net.PacketConn) {
	t.Helper()
	eventually(t, "a port that is free for both", func() (ok bool) {
		l = listen(t)
		var err error
		if u, err = net.ListenPacket("udp", l.Addr().String()); err != nil {
			l.Close()
		}
		return err == nil
	})
	t.Cleanup(func() { u.Close() })
	return l, u
}

// plainWriter is a ResponseWriter with nothing else.
type plainWriter struct {
	bytes.Buffer
	header http.Header
}

func (w *plainWriter) Header() http.Header { return w.header }
func (w *plainWriter) WriteHeader(int)     {}

// fakeHTTP3 has a client that never goes away: Shutdown waits for its context.
type fakeHTTP3 struct {
	handler http.Handler
	served  chan net.PacketConn
	end     chan struct{}
	once    sync.Once
	closed  atomic.Bool
}

func (f *fakeHTTP3) Serve(c net.PacketConn) error {
	f.served <- c
	<-f.end
	return http.ErrServerClosed
}

func (f *fakeHTTP3) Shutdown(ctx context.Context) error {
	f.once.Do(func() { close(f.end) })
	<-ctx.Done()
	return ctx.Err()
}

func (f *fakeHTTP3) Close() error {
	f.once.Do(func() { close(f.end) })
	f.closed.Store(true)
	return nil
}
