package httpx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"github.com/strata-net/strata/httpx"
)

// strictFleet is one server that allows so many streams, and a round tripper for
// its name, which only the dialer knows.
func strictFleet(t *testing.T, kind poolKind, streams int, h http.HandlerFunc, c httpx.HTTP2Config) (*poolFleet, http.RoundTripper) {
	t.Helper()
	if h == nil {
		h, _ = holding()
	}
	f := newFleet(t, kind, 1, h, func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: streams} })
	c.TLS, c.AllowHTTP, c.StrictMaxConcurrentStreams = f.tls, true, true
	if c.DialContext == nil {
		c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			assert.Equal(t, net.JoinHostPort(poolName, strconv.Itoa(int(f.port))), address)
			return new(net.Dialer).DialContext(ctx, network, f.servers[0].addr.String())
		}
	}
	return f, newHTTP2(t, &c)
}

var strictKinds = []poolKind{poolH2, poolH2C}

// unreplayable is a body that can be read once.
func unreplayable(s string) io.Reader { return io.MultiReader(bytes.NewBufferString(s)) }

// One conn, never more requests on it than it takes, and all are answered, from
// the first moment on: bodies cannot be sent twice.
func TestStrictKeepsToTheLimit(t *testing.T) {
	for _, kind := range strictKinds {
		for _, streams := range []int{1, 3} {
			t.Run(kind.name+"/"+strconv.Itoa(streams), func(t *testing.T) {
				noLeak(t)
				var now, most atomic.Int64
				f, rt := strictFleet(t, kind, streams, func(w http.ResponseWriter, r *http.Request) {
					n := now.Add(1)
					defer now.Add(-1)
					for m := most.Load(); n > m; m = most.Load() {
						most.CompareAndSwap(m, n)
					}
					time.Sleep(2 * time.Millisecond)
					io.Copy(w, r.Body)
				}, httpx.HTTP2Config{})
				var group sync.WaitGroup
				for i := range 50 {
					group.Go(func() {
						want := strconv.Itoa(i)
						res, err := rt.RoundTrip(request(t, "POST", f.url("/"), unreplayable(want)))
						if assert.NoError(t, err) {
							assert.Equal(t, want, finish(t, res))
						}
					})
				}
				group.Wait()
				assert.EqualValues(t, streams, most.Load())
				assert.EqualValues(t, 50, f.servers[0].hits.Load(), "none was refused and sent again")
				assert.EqualValues(t, 1, f.servers[0].conns.Load())
			})
		}
	}
}

// holding is a handler whose first answer ends only when it is told to.
func holding() (h http.HandlerFunc, goOn func()) {
	held := make(chan struct{})
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/held":
			http.NewResponseController(w).Flush()
			select {
			case <-held:
			case <-r.Context().Done():
			}
		case "/last":
			w.Header().Set("Connection", "close") // GOAWAY
		}
		io.WriteString(w, r.URL.Path)
	}, sync.OnceFunc(func() { close(held) })
}

// hold makes a request that takes a stream.
func hold(t *testing.T, rt http.RoundTripper, f *poolFleet) *http.Response {
	t.Helper()
	res, err := rt.RoundTrip(request(t, "GET", f.url("/held"), nil))
	require.NoError(t, err)
	return res
}

func TestStrictCancelledWhileItWaits(t *testing.T) {
	for _, kind := range strictKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			h, goOn := holding()
			f, rt := strictFleet(t, kind, 1, h, httpx.HTTP2Config{})
			held := hold(t, rt, f)
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				_, err := rt.RoundTrip(request(t, "GET", f.url("/"), nil).WithContext(ctx))
				cancel()
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			next := make(chan error)
			req := request(t, "GET", f.url("/"), nil)
			go func() {
				res, err := rt.RoundTrip(req)
				if err == nil {
					err = res.Body.Close()
				}
				next <- err
			}()
			goOn()
			assert.Equal(t, "/held", finish(t, held))
			require.NoError(t, <-next)
			assert.EqualValues(t, 2, f.servers[0].hits.Load(), "what was cancelled was not sent")
			assert.EqualValues(t, 1, f.servers[0].conns.Load())
		})
	}
}

// A request that is cancelled on its way gives its stream back.
func TestStrictCancelledWhileItIsServed(t *testing.T) {
	noLeak(t)
	h, goOn := holding()
	defer goOn()
	f, rt := strictFleet(t, poolH2, 1, h, httpx.HTTP2Config{})
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		res, err := rt.RoundTrip(request(t, "GET", f.url("/held"), nil).WithContext(ctx))
		require.NoError(t, err)
		cancel()
		res.Body.Close()
		_, body, err := get(t, rt, f.url("/"))
		require.NoError(t, err)
		assert.Equal(t, "/", body)
	}
	assert.EqualValues(t, 1, f.servers[0].conns.Load())
}

// It is found also when net/http does not tell of it.
func TestStrictCancelledWithoutWord(t *testing.T) {
	for _, kind := range strictKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			h, goOn := holding()
			defer goOn()
			f, rt := strictFleet(t, kind, 1, h, httpx.HTTP2Config{})
			defer rt.(*httpx.Pool).Close() // nor would it hear that its conns have ended
			for range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				res, err := rt.RoundTrip(request(t, "GET", f.url("/held"), nil).WithContext(ctx))
				require.NoError(t, err)
				httpx.PoolUnhook(rt.(*httpx.Pool))
				cancel()
				res.Body.Close()
				ctx, cancel = context.WithTimeout(t.Context(), patience)
				res, err = rt.RoundTrip(request(t, "GET", f.url("/"), nil).WithContext(ctx))
				require.NoError(t, err)
				assert.Equal(t, "/", finish(t, res))
				cancel()
			}
			assert.EqualValues(t, 1, f.servers[0].conns.Load())
		})
	}
}

func TestStrictConnDiesWhileOthersWait(t *testing.T) {
	for _, kind := range strictKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			h, goOn := holding()
			defer goOn()
			f, rt := strictFleet(t, kind, 1, h, httpx.HTTP2Config{})
			held := hold(t, rt, f)
			var group sync.WaitGroup
			for range 10 {
				group.Go(func() {
					res, err := rt.RoundTrip(request(t, "POST", f.url("/x"), unreplayable("x")))
					if assert.NoError(t, err) {
						assert.Equal(t, "/x", finish(t, res))
					}
				})
			}
			pool := rt.(*httpx.Pool)
			eventually(t, "they wait", func() bool { return pool.Stats().Hosts[0].Waiting == 10 })
			f.servers[0].cut()
			group.Wait()
			_, err := io.ReadAll(held.Body)
			require.Error(t, err)
			held.Body.Close()
			assert.EqualValues(t, 2, f.servers[0].conns.Load())
		})
	}
}

// A conn that takes no more is replaced, though a request is still on it.
func TestStrictGoAway(t *testing.T) {
	noLeak(t)
	h, goOn := holding()
	f, rt := strictFleet(t, poolH2, 3, h, httpx.HTTP2Config{})
	held := hold(t, rt, f)
	for _, path := range []string{"/last", "/", "/"} {
		_, body, err := get(t, rt, f.url(path))
		require.NoError(t, err)
		assert.Equal(t, path, body)
	}
	assert.EqualValues(t, 2, f.servers[0].conns.Load())
	goOn()
	assert.Equal(t, "/held", finish(t, held))
}

type strictKey struct{}

// All who come share one dial, whose failure is theirs as it is, and the next one dials anew.
func TestStrictDials(t *testing.T) {
	noLeak(t)
	broken := errors.New("broken")
	var dials atomic.Int64
	goOn := make(chan struct{})
	var f *poolFleet
	f, rt := strictFleet(t, poolH2, 1, nil, httpx.HTTP2Config{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		assert.Equal(t, "a value", ctx.Value(strictKey{}))
		if dials.Add(1) == 1 {
			<-goOn
			return nil, broken
		}
		return new(net.Dialer).DialContext(ctx, network, f.servers[0].addr.String())
	}})
	try := func() error {
		ctx := context.WithValue(t.Context(), strictKey{}, "a value")
		res, err := rt.RoundTrip(request(t, "GET", f.url("/"), nil).WithContext(ctx))
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() { assert.Same(t, broken, try()) })
	}
	pool := rt.(*httpx.Pool)
	eventually(t, "they wait", func() bool { s := pool.Stats(); return len(s.Hosts) == 1 && s.Hosts[0].Waiting == 5 })
	close(goOn)
	group.Wait()
	assert.EqualValues(t, 1, dials.Load())
	assert.NoError(t, try())
	assert.EqualValues(t, 2, dials.Load())
}

// A slow dial is waited for: there is nothing else to try.
func TestStrictSlowDial(t *testing.T) {
	noLeak(t)
	var dials atomic.Int64
	var f *poolFleet
	f, rt := strictFleet(t, poolH2, 1, nil, httpx.HTTP2Config{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		dials.Add(1)
		select {
		case <-time.After(2 * httpx.DefaultPoolFallbackDelay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return new(net.Dialer).DialContext(ctx, network, f.servers[0].addr.String())
	}})
	_, _, err := get(t, rt, f.url("/"))
	require.NoError(t, err)
	assert.EqualValues(t, 1, dials.Load())
}

// A dial ends with the last request that waits for it, not with the first.
func TestStrictAbandonsDials(t *testing.T) {
	noLeak(t)
	var dials atomic.Int64
	ended := make(chan struct{}, 1)
	var f *poolFleet
	f, rt := strictFleet(t, poolH2C, 1, nil, httpx.HTTP2Config{DialTimeout: -1, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		if dials.Add(1) == 1 {
			<-ctx.Done()
			ended <- struct{}{}
			time.Sleep(20 * time.Millisecond) // in which others come
			return nil, ctx.Err()
		}
		return new(net.Dialer).DialContext(ctx, network, f.servers[0].addr.String())
	}})
	pool := rt.(*httpx.Pool)
	var group sync.WaitGroup
	wait := func(waiting int) context.CancelFunc {
		ctx, cancel := context.WithCancel(t.Context())
		group.Go(func() {
			_, err := rt.RoundTrip(request(t, "GET", f.url("/"), nil).WithContext(ctx))
			assert.ErrorIs(t, err, context.Canceled)
		})
		eventually(t, "they wait", func() bool {
			s := pool.Stats()
			return dials.Load() == 1 && len(s.Hosts) == 1 && s.Hosts[0].Waiting == waiting
		})
		return cancel
	}
	first, last := wait(1), wait(2)
	defer last()
	first()
	eventually(t, "one waits", func() bool { return pool.Stats().Hosts[0].Waiting == 1 })
	assert.Empty(t, ended)
	last()
	<-ended
	_, _, err := get(t, rt, f.url("/"))
	require.NoError(t, err, "it is not told of the end of a dial of others")
	group.Wait()
	assert.EqualValues(t, 2, dials.Load())
}

func TestStrictIdle(t *testing.T) {
	for name, c := range map[string]httpx.HTTP2Config{"closed": {IdleConnTimeout: -1}, "timeout": {IdleConnTimeout: 20 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			f, rt := strictFleet(t, poolH2, 1, nil, c)
			for range 3 {
				_, _, err := get(t, rt, f.url("/"))
				require.NoError(t, err)
				if name == "closed" {
					time.Sleep(30 * time.Millisecond)
					assert.Equal(t, 1, f.servers[0].opened())
					(&http.Client{Transport: rt}).CloseIdleConnections()
				}
				eventually(t, "closed", func() bool { return f.servers[0].opened() == 0 })
			}
			eventually(t, "forgotten", func() bool { return len(rt.(*httpx.Pool).Stats().Hosts) == 0 })
		})
	}
}

func TestStrictRefuses(t *testing.T) {
	noLeak(t)
	rt := newHTTP2(t, &httpx.HTTP2Config{StrictMaxConcurrentStreams: true, TLS: clientTLS(t)})
	_, _, err := get(t, rt, "http://127.0.0.1:1")
	assert.Equal(t, "Protocols", failure(t, err).Field)
	s := ignorant(t)
	_, _, err = get(t, rt, "https://"+s.addr)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Zero(t, s.requests.Load())
}

// reticent is a server of HTTP/2 that answers nothing, and says how many streams
// it allows when it is told to. It tells of the streams that are opened.
func reticent(t *testing.T, limit <-chan uint32) (addr string, streams <-chan uint32) {
	t.Helper()
	l := listen(t)
	seen := make(chan uint32, 10)
	var group sync.WaitGroup
	t.Cleanup(group.Wait)
	t.Cleanup(func() { l.Close() })
	group.Go(func() {
		defer close(seen)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.CopyN(io.Discard, c, int64(len(http2.ClientPreface)))
		fr := http2.NewFramer(c, c)
		group.Go(func() { fr.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: <-limit}) })
		for {
			f, err := fr.ReadFrame()
			if err != nil {
				return
			}
			if h, ok := f.(*http2.HeadersFrame); ok {
				seen <- h.StreamID
			}
		}
	})
	return l.Addr().String(), seen
}

// There is one request before the server has said how many it takes, but the
// others do not wait for its answer. 100 is what net/http begins with.
func TestStrictAwaitsSettings(t *testing.T) {
	for _, streams := range []uint32{2, 100} {
		t.Run(strconv.Itoa(int(streams)), func(t *testing.T) {
			noLeak(t)
			limit := make(chan uint32, 1)
			addr, opened := reticent(t, limit)
			rt := newHTTP2(t, &httpx.HTTP2Config{StrictMaxConcurrentStreams: true, AllowHTTP: true})
			ctx, cancel := context.WithCancel(t.Context())
			var group sync.WaitGroup
			for range 2 {
				group.Go(func() {
					_, err := rt.RoundTrip(request(t, "GET", "http://"+addr, nil).WithContext(ctx))
					assert.ErrorIs(t, err, context.Canceled)
				})
			}
			assert.EqualValues(t, 1, <-opened)
			select {
			case <-opened:
				assert.Fail(t, "too early")
			case <-time.After(30 * time.Millisecond):
			}
			limit <- streams
			assert.EqualValues(t, 3, <-opened)
			cancel()
			group.Wait()
			(&http.Client{Transport: rt}).CloseIdleConnections()
			for range opened { // until the conn is closed
			}
		})
	}
}
