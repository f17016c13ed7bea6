package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// url returns the address of a path for one of ways.
func (g *local) url(listener, scheme, path string) string {
	return fmt.Sprintf("%s://%s%s", scheme, g.address(listener), path)
}

// An upstream that is down is a 502, and at once.
func TestUpstreamDown(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			g := start(t, front(closedPort(t)), nil)
			c := client(t, way.version, g.roots())
			for _, body := range []io.Reader{nil, noise(8<<20, 5)} {
				begin := time.Now()
				res, err := c.Post(g.url(way.listener, way.scheme, "/"), "application/octet-stream", body)
				require.NoError(t, err)
				assert.Equal(t, "Bad Gateway\n", readAll(t, res))
				assert.Equal(t, http.StatusBadGateway, res.StatusCode)
				assert.Equal(t, way.version, res.Proto)
				assert.Less(t, time.Since(begin), 2*time.Second)
			}
			g.log.eventually(t, "connection refused")
		})
	}
}

// An upstream that neither answers nor reads is a 504 after the response
// timeout, also when a body is in the way.
func TestUpstreamHangs(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			l := listenTCP(t)
			g := start(t, front(l.Addr().String(), "response_timeout: 300ms"), nil)
			c := client(t, way.version, g.roots())
			for _, body := range []io.Reader{nil, noise(32<<20, 6)} {
				begin := time.Now()
				res, err := c.Post(g.url(way.listener, way.scheme, "/"), "application/octet-stream", body)
				require.NoError(t, err)
				readAll(t, res)
				assert.Equal(t, http.StatusGatewayTimeout, res.StatusCode)
				assert.GreaterOrEqual(t, time.Since(begin), 300*time.Millisecond)
				assert.Less(t, time.Since(begin), 5*time.Second)
			}
		})
	}
}

// The response timeout does not count the time that a slow client takes.
func TestSlowUploadIsNoTimeout(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(w, r.Body)
			})
			g := start(t, front(up, "response_timeout: 200ms"), nil)
			body, w := io.Pipe()
			go func() {
				for range 6 {
					time.Sleep(100 * time.Millisecond)
					io.WriteString(w, "slow ")
				}
				w.Close()
			}()
			res, err := client(t, way.version, g.roots()).Post(g.url(way.listener, way.scheme, "/"), "", body)
			require.NoError(t, err)
			assert.Equal(t, strings.Repeat("slow ", 6), readAll(t, res))
			assert.Equal(t, http.StatusOK, res.StatusCode)
		})
	}
}

// A response goes on piece by piece, as the upstream sends it, for longer than
// every timeout.
func TestStreaming(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			next := make(chan string)
			up := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "15") // a known length must not be waited for
				for s := range next {
					io.WriteString(w, s)
					http.NewResponseController(w).Flush()
				}
			})
			g := start(t, strings.ReplaceAll(front(up, "response_timeout: 200ms"),
				"protocol: http,", "protocol: http, stall_timeout: 200ms,"), nil)
			res, err := get(client(t, way.version, g.roots()), g.url(way.listener, way.scheme, "/"), next, "word 0")
			require.NoError(t, err)
			defer res.Body.Close()
			buf := make([]byte, 64)
			for i, word := range []string{"word 0", "word1", "end."} {
				if i > 0 {
					time.Sleep(300 * time.Millisecond)
					next <- word
				}
				n, err := io.ReadAtLeast(res.Body, buf, len(word))
				require.NoError(t, err)
				assert.Equal(t, word, string(buf[:n]))
			}
			close(next)
			rest, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Empty(t, rest)
		})
	}
}

// get starts a request and feeds its handler the first word, without which
// there is no response to wait for.
func get(c *http.Client, url string, words chan<- string, first string) (*http.Response, error) {
	go func() { words <- first }()
	return c.Get(url)
}

// An upstream may answer before it has read the request, and a client may read
// before it has sent all.
func TestFullDuplex(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			g := start(t, echoConfig, nil)
			body, w := io.Pipe()
			defer w.Close()
			go io.WriteString(w, "ping")
			res, err := client(t, way.version, g.roots()).Post(g.url(way.listener, way.scheme, "/"), "", body)
			require.NoError(t, err)
			defer res.Body.Close()
			buf := make([]byte, 4)
			for range 3 {
				_, err := io.ReadFull(res.Body, buf)
				require.NoError(t, err)
				require.Equal(t, "ping", string(buf))
				_, err = io.WriteString(w, "ping")
				require.NoError(t, err)
			}
			require.NoError(t, w.Close())
			assert.Equal(t, "ping", readAll(t, res))
		})
	}
}

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

// A response that breaks off does not look complete to the client.
func TestUpstreamBreaksOff(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			up := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "half")
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
			g := start(t, front(up), nil)
			res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/"))
			require.NoError(t, err)
			defer res.Body.Close()
			_, err = io.ReadAll(res.Body)
			require.Error(t, err)
		})
	}
}

// stalling is a configuration whose http listeners lose patience soon.
func stalling(upstream string) string {
	return strings.ReplaceAll(front(upstream), "protocol: http,", "protocol: http, stall_timeout: 300ms,")
}

// A client that stops in the middle of its body is told so.
func TestClientStallsWhileSending(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			up := upstream(t, func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
			g := start(t, stalling(up), nil)
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
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			up := upstream(t, func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, noise(1<<30, 8)) })
			g := start(t, stalling(up), nil)
			res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/"))
			require.NoError(t, err)
			defer res.Body.Close()
			g.log.eventually(t, "complete=false")
		})
	}
}

// A client that does not finish its header is cut.
func TestHeaderTimeout(t *testing.T) {
	settled(t)
	g := start(t, strings.ReplaceAll(echoConfig, "protocol: http,",
		"protocol: http, read_header_timeout: 200ms, max_header: 4KiB,"), nil)
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

// An upgraded conn carries bytes both ways, as WebSocket does.
func TestUpgrade(t *testing.T) {
	settled(t)
	g := start(t, front(upgrader(t)), nil)
	c, r := upgrade(t, g.address("http"))
	for range 3 {
		say(t, c, "ping\n")
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "ping\n", line)
	}
	require.NoError(t, c.Close())
	g.log.eventually(t, "status=101")
}

// upgrader runs an upstream that echoes after an upgrade.
func upgrader(t *testing.T) string {
	t.Helper()
	return upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(c, rw)
	})
}

// upgrade returns an upgraded conn and its reader.
func upgrade(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c := dialTCP(t, address)
	say(t, c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
	return c, r
}

// Trailers of the upstream reach the client.
func TestTrailers(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			up := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Trailer", "X-Sum")
				io.WriteString(w, "body")
				w.Header().Set("X-Sum", "42")
			})
			g := start(t, front(up), nil)
			res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/"))
			require.NoError(t, err)
			assert.Equal(t, "body", readAll(t, res))
			assert.Equal(t, "42", res.Trailer.Get("X-Sum"))
		})
	}
}

// A keep-alive conn serves many requests with bodies, each with its own answer.
func TestKeepAlive(t *testing.T) {
	settled(t)
	g := start(t, stalling(upstream(t, echoRequest)), nil)
	c := dialTCP(t, g.address("http"))
	r := bufio.NewReader(c)
	for i := range 20 {
		body := bytes.Repeat([]byte{byte('a' + i)}, 1000*i+1)
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		res, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		assert.Equal(t, string(body), readAll(t, res))
		if i%10 == 9 {
			time.Sleep(400 * time.Millisecond) // longer than the deadlines of the last request
		}
	}
}
