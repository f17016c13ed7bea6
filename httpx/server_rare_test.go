package httpx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// A handler can push over HTTP/2 to a client that takes it.
func TestServerPush(t *testing.T) {
	noLeak(t)
	pushed := make(chan error, 1)
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			pushed <- w.(http.Pusher).Push("/pushed", nil)
		}
		io.WriteString(w, r.URL.Path)
	})})
	c := dialFrames(t, s.addr)
	require.NoError(t, c.ask(1, http.MethodGet, true))
	c.expect(1, "PUSH_PROMISE")
	for got := ""; got != `DATA "/pushed" end=true`; {
		var err error
		got, err = c.next(2)
		require.NoError(t, err)
	}
	require.NoError(t, <-pushed) // while the conn is open: it may come after the frames
}

// What a handler copies that is no file goes by Write, and a conn with TLS that
// it takes has no socket.
func TestServerCopy(t *testing.T) {
	noLeak(t)
	serverTLS, clientTLS := identity(t)
	s := serveOn(t, listen(t), &httpx.ServerConfig{TLS: serverTLS, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/take" {
			c, _, err := http.NewResponseController(w).Hijack()
			if !assert.NoError(t, err) {
				return
			}
			defer c.Close()
			_, err = c.(syscall.Conn).SyscallConn()
			assert.ErrorIs(t, err, errors.ErrUnsupported)
			_, _, err = http.NewResponseController(w).Hijack()
			assert.ErrorIs(t, err, http.ErrHijacked)
			return
		}
		from, to, err := os.Pipe()
		if !assert.NoError(t, err) {
			return
		}
		defer from.Close()
		io.WriteString(to, "through a pipe")
		to.Close()
		n, err := io.Copy(w, from)
		assert.NoError(t, err)
		assert.EqualValues(t, 14, n)
	})})
	tr := client(t, onlyHTTP1, clientTLS)
	_, body, err := get(t, tr, "https://"+s.addr)
	require.NoError(t, err)
	assert.Equal(t, "through a pipe", body)
	_, _, err = get(t, tr, "https://"+s.addr+"/take")
	assert.Error(t, err)
	eventually(t, "forgotten", func() bool { return s.Stats().Hijacked == 0 })
}

// A client that says nothing has its seconds, and then does not hold Shutdown.
func TestShutdownSilent(t *testing.T) {
	noLeak(t)
	serverTLS, _ := identity(t)
	s := serveOn(t, tls.NewListener(listen(t), serverTLS), &httpx.ServerConfig{Handler: tell})
	silent := dialRaw(t, s.addr)
	stalled := dialRaw(t, s.addr)
	stalled.sayf("\x16\x03\x01")
	eventually(t, "both are there", func() bool { return s.Stats().New == 2 })
	require.NoError(t, s.Shutdown(t.Context()))
	assert.Equal(t, httpx.ServerStats{}, s.Stats())
	for _, c := range []*raw{silent, stalled} {
		_, err := c.ReadByte()
		assert.Error(t, err)
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
}

// A Shutdown that waits ends with a Close, and with another Shutdown that cuts.
func TestShutdownTogether(t *testing.T) {
	noLeak(t)
	entered := make(chan struct{})
	s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})})
	c := dialRaw(t, s.addr)
	c.sayf("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	first := shutdown(t.Context(), s)
	<-s.Draining()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, s.Shutdown(ctx), context.Canceled)
	require.NoError(t, <-first)
	require.NoError(t, s.Close())
}

// Run serves packet conns as well; several sources end together.
func TestServerRunAll(t *testing.T) {
	noLeak(t)
	h3 := &fakeHTTP3{served: make(chan net.PacketConn, 1), end: make(chan struct{})}
	s, err := httpx.NewServer(&httpx.ServerConfig{Handler: tell, AltSvc: `h3=":9"`, HTTP3: func(http.Handler) httpx.HTTP3Server { return h3 }})
	require.NoError(t, err)
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	both := []net.Listener{listen(t), listen(t)}
	go func() { ran <- s.Run(ctx, both, u) }()
	assert.Equal(t, u, <-h3.served)
	cancel()
	assert.NoError(t, <-ran)

	s, err = httpx.NewServer(&httpx.ServerConfig{Handler: tell})
	require.NoError(t, err)
	u, err = net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	err = s.Run(t.Context(), nil, u)
	assert.Equal(t, "packet conn", failure(t, err).Field)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorIs(t, u.Close(), net.ErrClosed)
}

// A server of HTTP/3 may have no deadlines: nobody watches the body then, which a
// handler can read and close all the same.
func TestServerUnwatchedBody(t *testing.T) {
	h3 := &fakeHTTP3{served: make(chan net.PacketConn, 1), end: make(chan struct{})}
	s, err := httpx.NewServer(&httpx.ServerConfig{
		RequestContext: func(ctx context.Context, _ *http.Request) context.Context {
			return context.WithValue(ctx, requestKey{}, "own")
		},
		HTTP3: func(h http.Handler) httpx.HTTP3Server { h3.handler = h; return h3 },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			assert.NoError(t, r.Body.Close())
			w.Write(text)
		}),
	})
	require.NoError(t, err)
	defer s.Close()
	w, body := &plainWriter{header: http.Header{}}, track("hello")
	h3.handler.ServeHTTP(w, &http.Request{ProtoMajor: 3, Proto: "HTTP/3.0", Body: body, ContentLength: 5})
	assert.Equal(t, "hello", w.String())
	assert.EqualValues(t, 1, body.closed.Load())
}

// deep hides what is below it, or itself.
type deep struct {
	net.Conn
	below func(c net.Conn) net.Conn
}

func (d *deep) NetConn() net.Conn { return d.below(d) }

// deepListener accepts such conns.
type deepListener struct {
	net.Listener
	below func(c net.Conn) net.Conn
}

func (l deepListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &deep{c, l.below}, nil
}

// A wrapper that has nothing below, or itself, hides no TLS.
func TestServerDeepConns(t *testing.T) {
	for name, below := range map[string]func(net.Conn) net.Conn{
		"nothing": func(net.Conn) net.Conn { return nil },
		"itself":  func(c net.Conn) net.Conn { return c },
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			s := serveOn(t, deepListener{listen(t), below}, &httpx.ServerConfig{Handler: tell})
			assert.Equal(t, "200 HTTP/1.1 tls=false", ask(t, client(t, onlyHTTP1, nil), "http://"+s.addr))
		})
	}
}

// Who has turned HTTP/2 off in net/http is told, if it is wanted.
func TestServerHTTP2Off(t *testing.T) {
	if os.Getenv("HTTPX_TEST_OFF") != "" {
		_, err := httpx.NewServer(&httpx.ServerConfig{Handler: tell})
		assert.Equal(t, "Protocols", failure(t, err).Field)
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		_, err = httpx.NewServer(&httpx.ServerConfig{Handler: tell, Protocols: onlyHTTP1})
		assert.NoError(t, err)
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestServerHTTP2Off$")
	// The race detector would let it sleep for a second at its end.
	cmd.Env = append(os.Environ(), "HTTPX_TEST_OFF=1", "GODEBUG=http2server=0", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// What is no answer of a server of HTTP/2 offers nothing.
func TestOffers(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                     false,
		"HTTP/1.1 400 Bad Request\r\n":         false,
		"\x00\x00\x06\x04\x00\x00\x00\x00\x00": false,
		"\x00\x00\x00\x04\x00\x00\x00\x00\x00": false,
		"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x01":                         false,
		"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00":                         false,
		"\x00\x00\x0c\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x01\x00\x08\x00\x00\x00\x01": true,
	} {
		assert.Equal(t, want, httpx.Offers(strings.NewReader(text)), "%q", text)
	}
}
