package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// A server's limit of streams leads to further conns, then to waiting. Requests
// that were on their way when the limit came are refused, and one whose HEADERS
// net/http writes after its ACK of the limit breaks the protocol: it gives that
// conn no new ones, so another takes its place.
func TestPoolMaxConcurrentStreams(t *testing.T) {
	for _, kind := range []poolKind{poolH2, poolH2C} {
		for _, conns := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", kind.name, conns), func(t *testing.T) {
				noLeak(t)
				var mu sync.Mutex
				at := map[string]int{} // by conn
				most := 0
				var broken atomic.Int64
				f := newFleet(t, kind, 1, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					mu.Lock()
					at[r.RemoteAddr]++
					most = max(most, at[r.RemoteAddr])
					mu.Unlock()
					time.Sleep(2 * time.Millisecond)
					mu.Lock()
					at[r.RemoteAddr]--
					mu.Unlock()
				}), func(s *http.Server) {
					s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 4, CountError: func(kind string) {
						if kind == "stream_PROTOCOL_ERROR_over_max_streams" {
							broken.Add(1)
						}
					}}
				})
				p := f.pool(t, httpx.PoolConfig{MaxConnsPerAddress: conns, MaxAttempts: 100})
				var group sync.WaitGroup
				for range 40 {
					group.Go(func() {
						for range 5 {
							_, _, err := get(t, p, f.url("/"))
							assert.NoError(t, err)
						}
					})
				}
				group.Wait()
				assert.LessOrEqual(t, most, 4)
				assert.LessOrEqual(t, f.servers[0].conns.Load(), int64(conns)+broken.Load())
				assert.LessOrEqual(t, len(at), conns+int(broken.Load()))
			})
		}
	}
}

// Once the server has told its limit, no conn gets more, not even one whose SETTINGS have not come yet.
func TestPoolLimitOfFurtherConns(t *testing.T) {
	for _, kind := range []poolKind{poolH2, poolH2C} {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			goOn := make(chan struct{})
			var entered, over atomic.Int64
			f := newFleet(t, kind, 0, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/first" {
					return
				}
				entered.Add(1)
				<-goOn
			}), func(s *http.Server) {
				s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 4, CountError: func(string) { over.Add(1) }}
			})
			if kind.tls {
				f.server.SessionTicketsDisabled = true // the handshake would end with them
			}
			mute := &muteListener{Listener: f.listen(t, fleetIP(0))[0], speak: make(chan struct{})}
			f.start(t, mute)
			p := f.pool(t, httpx.PoolConfig{MaxConnsPerAddress: 2, MaxAttempts: 1})
			_, _, err := get(t, p, f.url("/first"))
			require.NoError(t, err)
			mute.on.Store(true)
			var group sync.WaitGroup
			for range 12 {
				group.Go(func() {
					_, _, err := get(t, p, f.url("/"))
					assert.NoError(t, err)
				})
			}
			eventually(t, "both conns are full", func() bool {
				s := p.Stats().Hosts[0]
				return s.Addresses[0].InFlight == 8 && s.Waiting == 4 && entered.Load() == 8
			})
			close(mute.speak)
			close(goOn)
			group.Wait()
			assert.Equal(t, int64(2), f.servers[0].conns.Load())
			assert.Zero(t, over.Load())
		})
	}
}

// A muteListener's conns say nothing after the TLS handshake from when it is on until they may speak.
type muteListener struct {
	net.Listener
	on    atomic.Bool
	speak chan struct{}
}

func (l *muteListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil || !l.on.Load() {
		return c, err
	}
	return &muteConn{Conn: c, speak: l.speak}, nil
}

type muteConn struct {
	net.Conn
	speak chan struct{}
}

// Write lets through what begins with a record of a TLS handshake (RFC 8446 section 5.1).
func (c *muteConn) Write(p []byte) (int, error) {
	if len(p) > 0 && p[0] != 22 {
		<-c.speak
	}
	return c.Conn.Write(p)
}

// HTTP/1 conns are bounded as well; who finds none free waits as long as the context lets it.
func TestPoolWaitsForAConn(t *testing.T) {
	noLeak(t)
	goOn := make(chan struct{})
	f := newFleet(t, poolH1, 2, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-goOn }), nil)
	p := f.pool(t, httpx.PoolConfig{MaxConnsPerAddress: 2})
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			_, _, err := get(t, p, f.url("/"))
			assert.NoError(t, err)
		})
	}
	eventually(t, "the rest waits", func() bool {
		s := p.Stats().Hosts
		return len(s) == 1 && s[0].Waiting == 8 && f.servers[0].hits.Load()+f.servers[1].hits.Load() == 4
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := p.RoundTrip(request(t, http.MethodGet, f.url("/"), nil).WithContext(ctx))
	assert.Equal(t, context.DeadlineExceeded, err)
	close(goOn)
	group.Wait()
	for _, s := range f.servers {
		assert.LessOrEqual(t, s.conns.Load(), int64(2))
	}
}

func TestPoolConnectionClose(t *testing.T) {
	for _, kind := range poolKinds {
		for _, side := range []string{"request", "response", "transport"} {
			t.Run(kind.name+"/"+side, func(t *testing.T) {
				noLeak(t)
				f := newFleet(t, kind, 1, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if side == "response" {
						w.Header().Set("Connection", "close")
					}
					io.WriteString(w, "text")
				}), nil)
				transport := f.transport()
				transport.DisableKeepAlives = side == "transport"
				p := f.pool(t, httpx.PoolConfig{MaxConnsPerAddress: 1, Transport: transport})
				for range 5 {
					req := request(t, http.MethodGet, f.url("/"), nil)
					req.Close = side == "request"
					res, err := p.RoundTrip(req)
					require.NoError(t, err)
					assert.Equal(t, "text", finish(t, res))
				}
				if conns := f.servers[0].conns.Load(); side == "response" && (kind.name == "H2" || kind.name == "H2C") {
					// The server of HTTP/2 says GOAWAY beside the response: a request can be faster.
					assert.LessOrEqual(t, conns, int64(5))
					assert.Greater(t, conns, int64(1))
				} else {
					assert.Equal(t, int64(5), conns)
				}
				eventually(t, "all are closed", func() bool { return f.servers[0].opened() == 0 })
				eventually(t, "and forgotten", func() bool { return address(t, p, 0).Conns == 0 })
				assert.Equal(t, httpx.PoolUp, address(t, p, 0).State)
			})
		}
	}
}

func TestPoolHTTP10Server(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 0, nil, nil)
	ip := runScript(t, f, func(_ int, c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nuntil the end")
		}
	})
	p := f.pool(t, httpx.PoolConfig{Lookup: fixedLookup(ip), MaxConnsPerAddress: 1})
	for range 5 {
		res, body, err := get(t, p, f.url("/"))
		require.NoError(t, err)
		assert.Equal(t, "until the end", body)
		assert.Equal(t, "HTTP/1.0", res.Proto)
	}
}

func TestPoolInformationalAndContinue(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", "</a>")
				w.WriteHeader(http.StatusEarlyHints)
				io.Copy(w, r.Body)
			}), nil)
			transport := f.transport()
			transport.ExpectContinueTimeout = time.Second // net/http sends no 100 after a 103 over HTTP/2
			p := f.pool(t, httpx.PoolConfig{Transport: transport})
			var hints, got, want atomic.Int64
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
					if code == http.StatusEarlyHints && h.Get("Link") == "</a>" {
						hints.Add(1)
					}
					return nil
				},
				GetConn: func(string) { want.Add(1) }, GotConn: func(httptrace.GotConnInfo) { got.Add(1) },
			})
			req := request(t, http.MethodPost, f.url("/"), strings.NewReader("text")).WithContext(ctx)
			req.Header.Set("Expect", "100-continue")
			res, err := p.RoundTrip(req)
			require.NoError(t, err)
			assert.Equal(t, "text", finish(t, res))
			assert.Equal(t, int64(1), hints.Load())
			assert.Equal(t, int64(1), want.Load())
			assert.Equal(t, int64(1), got.Load())
			assert.Same(t, req, res.Request)
		})
	}
}

func TestPoolTrailersAndStreams(t *testing.T) {
	const size = 2 << 20 // more than a window of the server
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 2, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Trailer", "Sum")
				http.NewResponseController(w).EnableFullDuplex()
				n, _ := io.Copy(w, r.Body)
				w.Header().Set("Sum", fmt.Sprint(n, r.Trailer.Get("Mine")))
			}), nil)
			p := f.pool(t, httpx.PoolConfig{})
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					req := request(t, http.MethodPost, f.url("/"), io.LimitReader(zeroes{}, size))
					req.Trailer = http.Header{"Mine": {"x"}}
					res, err := p.RoundTrip(req)
					if !assert.NoError(t, err) {
						return
					}
					assert.Len(t, finish(t, res), size)
					assert.Equal(t, fmt.Sprint(size, "x"), res.Trailer.Get("Sum"))
				})
			}
			group.Wait()
		})
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A body that is closed unread frees the conn, or its stream.
func TestPoolBodyNotRead(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 1, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				io.CopyN(w, zeroes{}, 1<<20)
			}), nil)
			p := f.pool(t, httpx.PoolConfig{MaxConnsPerAddress: 1})
			for range 5 {
				res, err := p.RoundTrip(request(t, http.MethodGet, f.url("/"), nil))
				require.NoError(t, err)
				assert.Equal(t, 1, address(t, p, 0).InFlight)
				require.NoError(t, res.Body.Close())
				res.Body.Close() // twice is once
				assert.Zero(t, address(t, p, 0).InFlight)
			}
		})
	}
}

// upgrade answers with 101 and echoes what comes.
func upgrade(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" {
		return
	}
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusHTTPVersionNotSupported)
		return
	}
	defer c.Close()
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	io.Copy(c, rw)
}

// An upgraded conn belongs to the caller and outlives the pool; over TLS a WebSocket gets HTTP/1.1 beside HTTP/2.
func TestPoolUpgrade(t *testing.T) {
	for _, kind := range []poolKind{poolH1, poolH1TLS, poolH2} {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 1, http.HandlerFunc(upgrade), nil)
			p := f.pool(t, httpx.PoolConfig{MaxConnsPerAddress: 1})
			for range 2 {
				_, _, err := get(t, p, f.url("/"))
				require.NoError(t, err)
				req := request(t, http.MethodGet, f.url("/"), nil)
				req.Header = http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}}
				res, err := p.RoundTrip(req)
				require.NoError(t, err)
				require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
				both := res.Body.(io.ReadWriteCloser)
				defer both.Close()
				p.CloseIdleConnections()
				defer func() {
					got := make([]byte, 5)
					_, err = io.WriteString(both, "after")
					require.NoError(t, err)
					_, err = io.ReadFull(both, got)
					require.NoError(t, err)
					assert.Equal(t, "after", string(got))
				}()
			}
			require.NoError(t, p.Close())
		})
	}
}

// phases are where a request can be when its context ends.
func TestPoolCancel(t *testing.T) {
	broken := errors.New("enough")
	for _, kind := range poolKinds {
		for _, phase := range []string{"lookup", "dial", "slot", "response", "body", "before"} {
			t.Run(kind.name+"/"+phase, func(t *testing.T) {
				noLeak(t)
				goOn := make(chan struct{})
				reached := make(chan struct{}, 10)
				f := newFleet(t, kind, 1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/first" {
						return
					}
					if phase == "body" {
						io.WriteString(w, "begin")
						http.NewResponseController(w).Flush()
					}
					reached <- struct{}{}
					<-goOn
				}), func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 1} })
				defer close(goOn)
				cfg := httpx.PoolConfig{Transport: f.transport(), Lookup: fixedLookup(f.ips()...), MaxConnsPerAddress: 1, MaxAttempts: 100}
				switch phase {
				case "lookup":
					cfg.Lookup = stuckLookup(reached)
				case "dial":
					hole := &blackHole{addr: f.servers[0].addr.Addr()}
					cfg.Transport.DialContext = func(ctx context.Context, n, a string) (net.Conn, error) {
						reached <- struct{}{}
						return hole.dial(ctx, n, a)
					}
				}
				p := f.pool(t, cfg)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if phase == "slot" {
					// With its response the limit of streams is known. Before, the second
					// request could be refused for it, and its body cannot be sent again.
					res, err := p.RoundTrip(request(t, http.MethodGet, f.url("/first"), nil))
					require.NoError(t, err)
					_, err = io.Copy(io.Discard, res.Body)
					require.NoError(t, err)
					res.Body.Close()
					first, stop := context.WithCancel(t.Context())
					defer stop()
					var group sync.WaitGroup
					defer group.Wait()
					defer stop()
					group.Go(func() { p.RoundTrip(request(t, http.MethodGet, f.url("/"), nil).WithContext(first)) })
					<-reached
				}
				if phase == "before" {
					cancel(broken)
				}
				go func() {
					if phase == "slot" {
						for h := p.Stats().Hosts[0]; h.Waiting == 0 && h.Addresses[0].InFlight < 2; h = p.Stats().Hosts[0] {
							time.Sleep(time.Millisecond)
						}
					} else if phase != "before" {
						<-reached
					}
					if phase != "body" {
						cancel(broken)
					}
				}()
				body := track("text")
				req := request(t, http.MethodPost, f.url("/"), body).WithContext(ctx)
				res, err := p.RoundTrip(req)
				if phase == "body" {
					require.NoError(t, err)
					first := make([]byte, 5)
					_, err = io.ReadFull(res.Body, first)
					require.NoError(t, err)
					cancel(broken)
					_, err = io.ReadAll(res.Body)
					res.Body.Close()
				}
				require.Error(t, err)
				if !errors.Is(err, context.Canceled) || f.proto.HTTP1() && !f.proto.HTTP2() {
					assert.ErrorIs(t, err, broken) // HTTP/2 of net/http does not tell the cause
				}
				eventually(t, "the body is closed", func() bool { return body.closed.Load() > 0 })
			})
		}
	}
}
