package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A client that goes away in the middle of its body: the upstream sees the
// abort and not an end, and the gateway lives.
func TestClientDisappearsWhileSending(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			began := make(chan struct{})
			seen := make(chan error, 1)
			up := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					return
				}
				io.ReadFull(r.Body, make([]byte, 4))
				close(began)
				_, err := io.Copy(io.Discard, r.Body)
				seen <- err
			})
			g := start(t, front(up), nil)
			ctx, vanish := context.WithCancel(t.Context())
			body, w := io.Pipe()
			defer w.Close()
			req, err := http.NewRequestWithContext(ctx, http.MethodPut, g.url(way.listener, way.scheme, "/"), body)
			require.NoError(t, err)
			req.ContentLength = 1 << 20
			c := client(t, way.version, g.roots())
			done := make(chan error, 1)
			go func() {
				_, err := c.Do(req)
				done <- err
			}()
			_, err = io.WriteString(w, "half of it")
			require.NoError(t, err)
			<-began
			vanish()
			w.CloseWithError(context.Canceled) // http.Transport waits for its read of the body
			require.ErrorIs(t, <-done, context.Canceled)
			select {
			case err := <-seen:
				require.Error(t, err, "the upstream took a part for the whole")
			case <-time.After(patience):
				t.Fatal("the upstream does not see that the client is gone")
			}
			g.log.eventually(t, "status=499")
			assert.NotContains(t, g.log.String(), "level=WARN")
			res, err := c.Get(g.url(way.listener, way.scheme, "/"))
			require.NoError(t, err)
			readAll(t, res)
			assert.Equal(t, http.StatusOK, res.StatusCode)
		})
	}
}

// The same while it waits for the response.
func TestClientDisappearsWhileWaiting(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			began, seen := make(chan struct{}), make(chan struct{})
			up := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
				close(began)
				<-r.Context().Done()
				close(seen)
			})
			g := start(t, front(up), nil)
			ctx, vanish := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url(way.listener, way.scheme, "/"), nil)
			require.NoError(t, err)
			go func() {
				<-began
				vanish()
			}()
			_, err = client(t, way.version, g.roots()).Do(req)
			require.ErrorIs(t, err, context.Canceled)
			select {
			case <-seen:
			case <-time.After(patience):
				t.Fatal("the upstream does not see that the client is gone")
			}
			g.log.eventually(t, "status=499")
			assert.NotContains(t, g.log.String(), "level=WARN")
		})
	}
}

// The same in the middle of a response.
func TestClientDisappearsWhileReading(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			seen := make(chan struct{})
			up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(w, noise(1<<30, 7))
				<-r.Context().Done()
				close(seen)
			})
			g := start(t, front(up), nil)
			res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/"))
			require.NoError(t, err)
			_, err = io.ReadFull(res.Body, make([]byte, 1<<20))
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			select {
			case <-seen:
			case <-time.After(patience):
				t.Fatal("the upstream does not see that the client is gone")
			}
			g.log.eventually(t, "complete=false")
			assert.NotContains(t, g.log.String(), "level=WARN")
		})
	}
}

// stalling is a configuration whose http listeners lose patience soon.
func stalling(upstream string, after time.Duration) string {
	return strings.ReplaceAll(front(upstream), "protocol: http,",
		fmt.Sprintf("protocol: http, stall_timeout: %[1]v, stream_timeout: %[1]v,", after))
}

// A client that stops in the middle of its body is told so.
func TestClientStallsWhileSending(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			up := upstream(t, func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
			g := start(t, stalling(up, 300*time.Millisecond), nil)
			body, w := io.Pipe()
			defer w.Close()
			go io.WriteString(w, "half of it")
			res, err := client(t, way.version, g.roots()).Post(g.url(way.listener, way.scheme, "/"), "", body)
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, http.StatusRequestTimeout, res.StatusCode)
		})
	}
}

// A client that does not read its response does not hold a request for ever.
func TestClientStallsWhileReading(t *testing.T) {
	settled(t)
	beside(t, func(t *testing.T, way way) {
		up := upstream(t, func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, noise(1<<30, 8)) })
		g := start(t, stalling(up, 2*time.Second), nil)
		res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/"))
		require.NoError(t, err)
		defer res.Body.Close()
		g.log.eventually(t, "complete=false")
	})
}

// A client that has sent its body is not stalled, however long the answer takes.
func TestSlowAnswerIsNoStall(t *testing.T) {
	settled(t)
	beside(t, func(t *testing.T, way way) {
		up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			time.Sleep(2500 * time.Millisecond)
			io.WriteString(w, "done")
		})
		g := start(t, stalling(up, 2*time.Second), nil)
		for _, body := range []io.Reader{strings.NewReader("short"), noise(1<<20, 9)} {
			res, err := client(t, way.version, g.roots()).Post(g.url(way.listener, way.scheme, "/"), "", body)
			require.NoError(t, err)
			assert.Equal(t, "done", readAll(t, res))
			assert.Equal(t, http.StatusOK, res.StatusCode)
		}
	})
}

// A client that does not finish its header is cut.
func TestHeaderTimeout(t *testing.T) {
	settled(t)
	g := start(t, strings.ReplaceAll(echoConfig, "protocol: http,",
		"protocol: http, read_header_timeout: 2s, max_header_bytes: 4096,"), nil)
	c := dialTCP(t, g.address("http"))
	say(t, c, "GET / HTTP/1.1\r\nHost: x\r\n")
	_, err := io.Copy(io.Discard, c)
	require.NoError(t, err)

	long := dialTCP(t, g.address("http"))
	say(t, long, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(long), nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
}
