package httpx_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

const stall = 200 * time.Millisecond

// A header that comes in drops, and a handshake that does not come, have an end.
func TestServerSlowHeader(t *testing.T) {
	serverTLS, _ := identity(t)
	for _, tls := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%t", tls), func(t *testing.T) {
			noLeak(t)
			cfg := &httpx.ServerConfig{Handler: tell, ReadHeaderTimeout: stall}
			if tls {
				cfg.TLS = serverTLS
			}
			s := serveOn(t, listen(t), cfg)
			c := dialRaw(t, s.addr)
			go func() {
				for range 1000 {
					if _, err := io.WriteString(c.Conn, "G"); err != nil {
						return
					}
					time.Sleep(stall / 20)
				}
			}()
			_, err := io.Copy(io.Discard, c)
			var timeout interface{ Timeout() bool }
			assert.False(t, errors.As(err, &timeout) && timeout.Timeout(), "still open")
			eventually(t, "forgotten", func() bool { return s.Stats().New+s.Stats().Active == 0 })
		})
	}
}

// A client that stops in the middle of its body is cut; the handler hears of it.
func TestServerSlowBody(t *testing.T) {
	noLeak(t)
	failed := make(chan error, 1)
	s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: stall, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		failed <- err
		w.WriteHeader(http.StatusRequestTimeout)
	})})
	c := dialRaw(t, s.addr)
	c.sayf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
	assert.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
	assert.Equal(t, http.StatusRequestTimeout, c.response("POST").StatusCode)
	_, err := io.Copy(io.Discard, c)
	require.NoError(t, err, "still open")
	assert.Equal(t, int64(1), s.Stats().Stalled)

	in, out := io.Pipe()
	defer out.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.addr, in)
	require.NoError(t, err)
	req.ContentLength = 10
	res, err := client(t, onlyH2C, nil).RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
	assert.Equal(t, http.StatusRequestTimeout, res.StatusCode)
}

// What a handler leaves of a body is read for a while only.
func TestServerLeavesBody(t *testing.T) {
	noLeak(t)
	s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: stall, Handler: tell})
	c := dialRaw(t, s.addr)
	c.sayf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
	_, err := io.Copy(io.Discard, c)
	require.NoError(t, err, "still open")
}

// A client that does not read its response is cut, and holds no handler.
func TestServerSlowReader(t *testing.T) {
	big := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(big, nil, 0o600))
	require.NoError(t, os.Truncate(big, 1<<30))
	data := make([]byte, 64<<20) // more than the kernel and a window hold
	text, piece := string(data), strings.Repeat("piece", 100)
	writers := map[string]func(w http.ResponseWriter) error{
		"write": func(w http.ResponseWriter) error {
			_, err := w.Write(data)
			return err
		},
		"string": func(w http.ResponseWriter) error {
			_, err := io.WriteString(w, text)
			return err
		},
		"pieces": func(w http.ResponseWriter) (err error) {
			for err == nil {
				_, err = io.WriteString(w, piece)
			}
			return err
		},
		"file": func(w http.ResponseWriter) error {
			f, err := os.Open(big)
			if err != nil {
				return err
			}
			defer f.Close()
			w.Header().Set("Content-Length", fmt.Sprint(1<<30))
			_, err = io.Copy(w, io.LimitReader(f, 1<<30))
			return err
		},
	}
	for name, write := range writers {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s h2=%t", name, h2), func(t *testing.T) {
				noLeak(t)
				failed := make(chan error, 1)
				s := serveOn(t, listen(t), &httpx.ServerConfig{
					StallTimeout: stall,
					HTTP2:        &http.HTTP2Config{WriteByteTimeout: time.Minute}, // it is the window that stays closed
					Handler:      http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { failed <- write(w) }),
				})
				p := onlyHTTP1
				if h2 {
					p = onlyH2C
				}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.addr, nil)
				require.NoError(t, err)
				res, err := client(t, p, nil).RoundTrip(req)
				require.NoError(t, err)
				defer res.Body.Close()
				require.Error(t, <-failed)
				assert.Equal(t, int64(1), s.Stats().Stalled)
			})
		}
	}
}

// Progress, however slow, is no stall; neither is a handler that takes its time.
func TestServerProgress(t *testing.T) {
	noLeak(t)
	const limit = time.Second
	for name, p := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
		for slowest := limit; slowest >= limit; { // else the test was stalled itself
			s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: limit, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				fmt.Fprint(w, len(body), err)
			})})
			var answer string
			answer, slowest = drip(t, client(t, p, nil), "http://"+s.addr, limit/4)
			if slowest < limit {
				assert.Equal(t, "200 8 <nil>", answer, name)
				assert.Zero(t, s.Stats().Stalled, name)
			}
		}
	}
}

// drip sends a body of eight bytes, each after a pause, and returns status and answer,
// or the error, and the longest time between the ends of two writes.
func drip(t *testing.T, rt http.RoundTripper, url string, pause time.Duration) (answer string, slowest time.Duration) {
	in, out := io.Pipe()
	wrote := make(chan time.Duration, 1)
	go func() {
		var slowest time.Duration
		for range 8 {
			last := time.Now()
			time.Sleep(pause)
			io.WriteString(out, "x")
			slowest = max(slowest, time.Since(last))
		}
		out.Close()
		wrote <- slowest
	}()
	req := request(t, http.MethodPost, url, in)
	req.ContentLength = 8
	answer = reply(rt, req)
	in.Close() // what fails early reads no more
	return answer, <-wrote
}

// A handler may take longer than the deadline that it began with.
func TestServerSlowHandler(t *testing.T) {
	noLeak(t)
	s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: stall, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2*stall + 3*time.Second) // the margin is 2 s
		tell(w, r)
	})})
	h1, h2c := client(t, onlyHTTP1, nil), client(t, onlyH2C, nil)
	answer := make(chan string, 2)
	go func() { answer <- ask(t, h1, "http://"+s.addr) }()
	go func() { answer <- ask(t, h2c, "http://"+s.addr) }()
	assert.ElementsMatch(t, []string{"200 HTTP/1.1 tls=false", "200 HTTP/2.0 tls=false"}, []string{<-answer, <-answer})
}

// A dialogue without length may wait longer; not for ever, unless that is asked for.
func TestServerStream(t *testing.T) {
	for name, tt := range map[string]struct {
		stream time.Duration
		cut    bool
	}{"bounded": {5 * stall, true}, "endless": {-1, false}} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			read := make(chan error, 1)
			s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: stall, StreamTimeout: tt.stream, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.NewResponseController(w).Flush()
				_, err := r.Body.Read(make([]byte, 1))
				read <- err
			})})
			in, out := io.Pipe()
			defer out.Close()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.addr, in)
			require.NoError(t, err)
			begin := time.Now()
			res, err := client(t, onlyH2C, nil).RoundTrip(req)
			require.NoError(t, err)
			defer res.Body.Close()
			if tt.cut {
				assert.ErrorIs(t, <-read, os.ErrDeadlineExceeded)
				assert.Greater(t, time.Since(begin), 4*stall)
				return
			}
			select {
			case err := <-read:
				assert.Fail(t, "cut", "%v", err)
			case <-time.After(10 * stall): // nothing to wait for: it must not happen
			}
		})
	}
}

// A handler that sets deadlines is on its own.
func TestServerOwnDeadlines(t *testing.T) {
	noLeak(t)
	s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: stall, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		assert.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
		assert.NoError(t, c.SetWriteDeadline(time.Time{}))
		body, err := io.ReadAll(r.Body)
		fmt.Fprint(w, string(body), err)
	})})
	c := dialRaw(t, s.addr)
	c.sayf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
	time.Sleep(4 * stall) // nothing to wait for: it must not happen
	c.sayf("b")
	body, err := io.ReadAll(c.response("POST").Body)
	require.NoError(t, err)
	assert.Equal(t, "ab<nil>", string(body))
}

// What the writer does in pieces arrives as one, by each of its methods.
func TestServerWriter(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	text := string(data)
	file := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	for name, p := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
		for how, h := range map[string]http.HandlerFunc{
			"write":  func(w http.ResponseWriter, _ *http.Request) { w.Write(data) },
			"string": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) },
			"copy":   func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, struct{ io.Reader }{bytes.NewReader(data)}) },
			"file":   func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) },
			"flush": func(w http.ResponseWriter, _ *http.Request) {
				w.Write(data[:10])
				w.(http.Flusher).Flush()
				w.Write(data[10:])
			},
			"form": func(w http.ResponseWriter, r *http.Request) {
				r.FormFile("x")
				w.Write(data)
			},
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				noLeak(t)
				s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: h})
				_, body, err := get(t, client(t, p, nil), "http://"+s.addr)
				require.NoError(t, err)
				assert.Equal(t, string(data), body)
			})
		}
	}
}

// TestServerStallsForEver has a StallTimeout that does not fit twice into a duration.
func TestServerStallsForEver(t *testing.T) {
	noLeak(t)
	l := &leaseListener{Listener: listen(t)}
	s := serveOn(t, l, &httpx.ServerConfig{StallTimeout: 1<<63 - 1, Handler: http.NotFoundHandler()})
	assert.Equal(t, "404 404 page not found\n", ask(t, client(t, onlyHTTP1, nil), "http://"+s.addr))
	l.mu.Lock()
	defer l.mu.Unlock()
	require.NotEmpty(t, l.ends)
	for _, end := range l.ends {
		assert.Greater(t, time.Until(end), time.Hour)
	}
}

// leaseListener collects the write deadlines of its conns.
type leaseListener struct {
	net.Listener
	mu   sync.Mutex
	ends []time.Time
}

func (l *leaseListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &leaseConn{c, l}, err
}

type leaseConn struct {
	net.Conn
	l *leaseListener
}

func (c *leaseConn) SetWriteDeadline(end time.Time) error {
	if !end.IsZero() {
		c.l.mu.Lock()
		c.l.ends = append(c.l.ends, end)
		c.l.mu.Unlock()
	}
	return c.Conn.SetWriteDeadline(end)
}
