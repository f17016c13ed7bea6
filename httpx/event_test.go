package httpx_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// told keeps what a hook hears.
type told struct {
	mu     sync.Mutex
	events []httpx.Event
}

func (l *told) hear(e httpx.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// wait returns so many events.
func (l *told) wait(t *testing.T, n int) (events []httpx.Event) {
	t.Helper()
	eventually(t, "the hook is told", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		events = slices.Clone(l.events)
		return len(events) >= n
	})
	require.Len(t, events, n)
	return events
}

type requestKey struct{}

// Of each request a server tells status, bytes and pattern, in the context that
// RequestContext has made, by each protocol.
func TestServerTellsOfRequests(t *testing.T) {
	noLeak(t)
	for name, protocols := range map[string]*http.Protocols{"HTTP/1": versions(true, false, false), "HTTP/2": versions(false, false, true)} {
		t.Run(name, func(t *testing.T) {
			var heard told
			mux := http.NewServeMux()
			mux.HandleFunc("GET /say/{what}", func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, r.URL.Path, r.Context().Value(requestKey{}), "the handler has the context")
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusTeapot)
				io.WriteString(w, r.PathValue("what"))
			})
			mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
				b, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				w.Write(b)
			})
			mux.HandleFunc("GET /nothing", func(http.ResponseWriter, *http.Request) {})
			mux.HandleFunc("POST /panic", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
			s := serveOn(t, listen(t), &httpx.ServerConfig{
				Handler: mux, OnEvent: heard.hear, Protocols: versions(true, false, true),
				RequestContext: func(ctx context.Context, r *http.Request) context.Context {
					return context.WithValue(ctx, requestKey{}, r.URL.Path)
				},
			})
			c := client(t, protocols, nil)
			defer c.CloseIdleConnections()
			for i, test := range []struct {
				method, path, body, pattern, answer string
				status                              int
				fails                               bool
			}{
				{"GET", "/say/hello", "", "GET /say/{what}", "hello", http.StatusTeapot, false},
				{"POST", "/echo", strings.Repeat("x", 100_000), "POST /echo", strings.Repeat("x", 100_000), http.StatusOK, false},
				{"GET", "/nothing", "", "GET /nothing", "", http.StatusOK, false},
				{"GET", "/gone", "", "", "404 page not found\n", http.StatusNotFound, false},
				{"POST", "/panic", "x", "POST /panic", "", 0, true},
			} {
				resp, err := c.RoundTrip(request(t, test.method, "http://"+s.addr+test.path, strings.NewReader(test.body)))
				if test.fails {
					require.Error(t, err)
				} else {
					require.NoError(t, err)
					assert.Equal(t, test.answer, finish(t, resp))
				}
				e := heard.wait(t, i+1)[i]
				assert.Equal(t, httpx.RequestServed, e.Kind)
				assert.Equal(t, test.path, e.Context.Value(requestKey{}), "the event has the context of the request")
				assert.Equal(t, test.pattern, e.Request.Pattern)
				assert.Equal(t, test.status, e.Status)
				assert.Equal(t, int64(len(test.answer)), e.Bytes)
				assert.False(t, e.Start.IsZero())
				assert.Equal(t, test.fails, e.Err != nil)
			}
		})
	}
}

// A conn that is taken away has no status, and ends its request.
func TestServerTellsOfHijackedRequests(t *testing.T) {
	noLeak(t)
	var heard told
	s := serveOn(t, listen(t), &httpx.ServerConfig{OnEvent: heard.hear, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.Close()
		}
	})})
	c := client(t, nil, nil)
	defer c.CloseIdleConnections()
	_, _, err := get(t, c, "http://"+s.addr)
	require.NoError(t, err)
	e := heard.wait(t, 1)[0]
	assert.Zero(t, e.Status)
	assert.NoError(t, e.Err)
}

// steps answers with one status after the other; -1 is an error.
func steps(list ...int) tripper {
	i := 0
	return func(req *http.Request) (*http.Response, error) {
		i++
		if list[i-1] < 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return answer(req, list[i-1], track("x")), nil
	}
}

func TestRetryTellsOfAttempts(t *testing.T) {
	var heard told
	rt, err := httpx.NewRetry(steps(503, -1, 200), &httpx.RetryConfig{Backoff: time.Nanosecond, OnEvent: heard.hear})
	require.NoError(t, err)
	req := request(t, "GET", "http://a.test/", nil)
	req = req.WithContext(context.WithValue(req.Context(), requestKey{}, "mine"))
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	finish(t, resp)
	events := heard.wait(t, 2)
	for i, e := range events {
		assert.Equal(t, httpx.Retried, e.Kind)
		assert.Equal(t, "mine", e.Context.Value(requestKey{}))
		assert.Same(t, req, e.Request)
		assert.Equal(t, i+2, e.Attempt)
	}
	assert.Equal(t, 503, events[0].Status)
	require.ErrorIs(t, events[0].Err, httpx.StatusError(503))
	assert.Zero(t, events[1].Status)
	require.ErrorIs(t, events[1].Err, io.ErrUnexpectedEOF)
}

func TestHedgeTellsOfAttempts(t *testing.T) {
	noLeak(t)
	var heard told
	first := make(chan struct{}, 1)
	first <- struct{}{}
	rt, err := httpx.NewHedge(tripper(func(req *http.Request) (*http.Response, error) {
		select {
		case <-first:
			<-req.Context().Done()
			return nil, req.Context().Err()
		default:
			return answer(req, 200, track("x")), nil
		}
	}), &httpx.HedgeConfig{Delay: time.Millisecond, OnEvent: heard.hear})
	require.NoError(t, err)
	resp, err := rt.RoundTrip(request(t, "GET", "http://a.test/", nil))
	require.NoError(t, err)
	finish(t, resp)
	e := heard.wait(t, 1)[0]
	assert.Equal(t, httpx.Hedged, e.Kind)
	assert.Equal(t, 2, e.Attempt)
}

func TestEjectorTellsOfUpstreams(t *testing.T) {
	var heard told
	rt, err := httpx.NewEjector(steps(503, 503, -1, 200), &httpx.EjectorConfig{Consecutive: 2, For: time.Millisecond, OnEvent: heard.hear})
	require.NoError(t, err)
	for range 4 { // twice until it is ejected, a probe that fails, and one that does not
		eventually(t, "it is not ejected", func() bool {
			resp, err := rt.RoundTrip(request(t, "GET", "http://a.test/", nil))
			if err == nil {
				finish(t, resp)
			}
			return !errors.Is(err, httpx.ErrEjected)
		})
	}
	events := heard.wait(t, 3)
	assert.Equal(t, httpx.Ejected, events[0].Kind)
	assert.Equal(t, 503, events[0].Status)
	assert.Equal(t, time.Millisecond, events[0].Duration)
	assert.Equal(t, httpx.Ejected, events[1].Kind)
	require.ErrorIs(t, events[1].Err, io.ErrUnexpectedEOF)
	assert.Equal(t, 2*time.Millisecond, events[1].Duration)
	assert.Equal(t, httpx.Restored, events[2].Kind)
	require.NoError(t, events[2].Err)
	for _, e := range events {
		assert.Equal(t, "http://a.test", e.Upstream)
	}
}

func TestAltSvcTellsOfFailures(t *testing.T) {
	noLeak(t)
	for name, test := range map[string]struct {
		spoil  func(*way)
		status int
		fails  bool
	}{
		"an error":    {func(w *way) { w.err = io.ErrUnexpectedEOF }, 0, true},
		"misdirected": {func(w *way) { w.status = http.StatusMisdirectedRequest }, http.StatusMisdirectedRequest, true},
		"too slow":    {func(w *way) { w.after = time.Minute }, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var heard told
				rt, h3, _ := ways(t, httpx.AltSvcConfig{OnEvent: heard.hear})
				visit(t, rt, "https://a.test/")
				h3.set(test.spoil)
				visit(t, rt, "https://a.test/")
				e := heard.wait(t, 1)[0]
				assert.Equal(t, httpx.AltSvcFailed, e.Kind)
				assert.Equal(t, "a.test:443", e.Upstream)
				assert.Equal(t, test.status, e.Status)
				assert.Equal(t, test.fails, e.Err != nil)
			})
		})
	}
}

func TestPoolTellsOfDials(t *testing.T) {
	noLeak(t)
	var heard told
	f := newFleet(t, poolH1, 1, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil)
	p := f.pool(t, httpx.PoolConfig{OnEvent: heard.hear})
	req := request(t, "GET", f.url("/"), nil)
	resp, err := p.RoundTrip(req.WithContext(context.WithValue(req.Context(), requestKey{}, "mine")))
	require.NoError(t, err)
	finish(t, resp)
	e := heard.wait(t, 1)[0]
	assert.Equal(t, httpx.PoolDialed, e.Kind)
	assert.Equal(t, "mine", e.Context.Value(requestKey{}))
	assert.NoError(t, e.Context.Err())
	assert.Equal(t, strings.TrimSuffix(f.url("/"), "/"), e.Upstream)
	assert.Equal(t, f.servers[0].addr.String(), e.Address)
	require.NoError(t, e.Err)
	f.servers[0].stop()
	_, err = p.RoundTrip(request(t, "GET", f.url("/"), nil))
	require.Error(t, err)
	eventually(t, "a dial has failed", func() bool {
		heard.mu.Lock()
		defer heard.mu.Unlock()
		return heard.events[len(heard.events)-1].Err != nil
	})
}

func TestEventsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for k := httpx.RequestServed; k <= httpx.PoolDialed; k++ {
		seen[k.String()] = true
	}
	assert.Len(t, seen, int(httpx.PoolDialed))
	assert.Equal(t, "unknown", httpx.EventKind(0).String())
	assert.Equal(t, "unknown", httpx.EventKind(200).String())
}
