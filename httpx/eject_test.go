package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

func newEjector(t *testing.T, next http.RoundTripper, cfg *httpx.EjectorConfig) *httpx.Ejector {
	t.Helper()
	rt, err := httpx.NewEjector(next, cfg)
	require.NoError(t, err)
	return rt
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

func TestEjectorConfig(t *testing.T) {
	_, err := httpx.NewEjector(nil, &httpx.EjectorConfig{
		Targets: []*url.URL{nil, parse(t, "ftp://a"), parse(t, "http:"), parse(t, "http://a/x"), parse(t, "http://b"), parse(t, "http://b"), parse(t, "http://u:p@c")},
		Key:     func(*http.Request) string { return "" },
		Ratio:   math.NaN(), Minimum: -1, Window: -1, For: -1, MaxFor: -2, MaxShare: 2, MaxUpstreams: 3,
	})
	assert.Equal(t, []string{
		"next", "Key: not together with Targets", "Targets[0]", "Targets[1]", "Targets[2]", "Targets[3]", "Targets[5]", "Targets[6]",
		"Ratio", "Minimum", "Window", "For", "MaxFor", "MaxShare", "MaxUpstreams",
	}, fields(err))
	assert.Equal(t, "next", failure(t, err).Field)
	assert.NotContains(t, err.Error(), ":p@", "no password")
	next := &idler{RoundTripper: http.DefaultTransport}
	newEjector(t, next, nil).CloseIdleConnections()
	assert.EqualValues(t, 1, next.closed.Load())
}

// TestEjectorCopiesTargets is not moved by what the caller does later.
func TestEjectorCopiesTargets(t *testing.T) {
	targets := []*url.URL{parse(t, "http://a")}
	rt := newEjector(t, tripper(func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, "http://a/x?y", req.URL.String())
		assert.Equal(t, "name", req.Host)
		return answer(req, 200, track("")), nil
	}), &httpx.EjectorConfig{Targets: targets})
	targets[0].Host = "b"
	req := request(t, "GET", "https://name/x?y", nil)
	req.Host = ""
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	assert.Same(t, req, resp.Request)
	assert.Equal(t, "https://name/x?y", req.URL.String())
	assert.Empty(t, req.Host)
}

// plan answers what is its turn: a status, or 0 for an error.
type plan struct {
	mu   sync.Mutex
	next int
	sent map[string]int
}

func (p *plan) set(status int) { p.mu.Lock(); p.next = status; p.mu.Unlock() }

func (p *plan) RoundTrip(req *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent == nil {
		p.sent = make(map[string]int)
	}
	p.sent[req.URL.Host]++
	if p.next == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return answer(req, p.next, track("")), nil
}

// askHost sends a request to a host, and returns the error.
func askHost(t *testing.T, rt http.RoundTripper, host string) error {
	t.Helper()
	resp, err := rt.RoundTrip(request(t, "GET", "http://"+host+"/", nil))
	if err == nil {
		resp.Body.Close()
	}
	return err
}

func TestEjectorCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &plan{next: 503}
		rt := newEjector(t, p, &httpx.EjectorConfig{For: time.Second, MaxFor: 3 * time.Second})
		for range 5 {
			require.NoError(t, askHost(t, rt, "a"))
		}
		// Ejected, and only this one.
		body := track("x")
		_, err := rt.RoundTrip(request(t, "POST", "http://a/", body))
		require.ErrorIs(t, err, httpx.ErrEjected)
		assert.ErrorIs(t, err, httpx.StatusError(503))
		assert.EqualError(t, err, "httpx: round trip: http://a: upstream is ejected: status 503 Service Unavailable")
		assert.EqualValues(t, 1, body.closed.Load())
		var e *httpx.EjectedError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, time.Now().Add(time.Second), e.Until)
		assert.Equal(t, map[string]time.Time{"http://a": e.Until}, rt.Ejected())
		assert.NoError(t, askHost(t, rt, "b"))
		assert.Equal(t, 5, p.sent["a"])
		// The probe fails: twice as long, then the bound.
		for _, next := range []time.Duration{2 * time.Second, 3 * time.Second, 3 * time.Second} {
			time.Sleep(time.Until(e.Until))
			require.NoError(t, askHost(t, rt, "a"))
			require.ErrorAs(t, askHost(t, rt, "a"), &e)
			assert.Equal(t, next, time.Until(e.Until))
		}
		// The probe succeeds.
		time.Sleep(3 * time.Second)
		p.set(200)
		for range 3 {
			require.NoError(t, askHost(t, rt, "a"))
		}
		assert.Empty(t, rt.Ejected())
		// It fails again soon: longer than at first.
		p.set(0)
		for range 5 {
			require.ErrorIs(t, askHost(t, rt, "a"), io.ErrUnexpectedEOF)
		}
		require.ErrorAs(t, askHost(t, rt, "a"), &e)
		assert.ErrorIs(t, e, io.ErrUnexpectedEOF)
		assert.Equal(t, 3*time.Second, time.Until(e.Until))
		// It was well for long: as at first.
		time.Sleep(3 * time.Second)
		p.set(200)
		require.NoError(t, askHost(t, rt, "a"))
		time.Sleep(time.Minute)
		p.set(0)
		for range 5 {
			require.ErrorIs(t, askHost(t, rt, "a"), io.ErrUnexpectedEOF)
		}
		require.ErrorAs(t, askHost(t, rt, "a"), &e)
		assert.Equal(t, time.Second, time.Until(e.Until))
	})
}

func TestEjectorCounts(t *testing.T) {
	for name, test := range map[string]struct {
		config  httpx.EjectorConfig
		results string // + good, - failed, w waits for a window
		ejected bool
	}{
		"four in a row":             {results: "----"},
		"five in a row":             {results: "-----", ejected: true},
		"interrupted":               {results: "----+----"},
		"never in a row":            {config: httpx.EjectorConfig{Consecutive: -1, Ratio: -1}, results: strings.Repeat("-", 100)},
		"half":                      {results: strings.Repeat("+-", 10), ejected: true},
		"half of few":               {results: strings.Repeat("+-", 9)},
		"less than half":            {results: strings.Repeat("++-", 30)},
		"half in two windows":       {results: strings.Repeat("+-", 9) + "w" + strings.Repeat("+-", 9)},
		"a third":                   {config: httpx.EjectorConfig{Ratio: 0.3, Minimum: 3}, results: "++-", ejected: true},
		"in a row over two windows": {results: "---w--", ejected: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &plan{}
				rt := newEjector(t, p, &test.config)
				for _, r := range test.results {
					switch r {
					case '+':
						p.set(200)
					case '-':
						p.set(504)
					default:
						time.Sleep(11 * time.Second)
						continue
					}
					require.NoError(t, askHost(t, rt, "a"))
				}
				assert.Equal(t, test.ejected, errors.Is(askHost(t, rt, "a"), httpx.ErrEjected))
			})
		})
	}
}

// TestEjectorProbesWithOne has requests that wait for the answer of the probe.
func TestEjectorProbesWithOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		var bad atomic.Bool
		bad.Store(true)
		rt := newEjector(t, tripper(func(req *http.Request) (*http.Response, error) {
			sent.Add(1)
			time.Sleep(time.Second)
			if err := req.Context().Err(); err != nil {
				return nil, err
			}
			if bad.Load() {
				return nil, io.EOF
			}
			return answer(req, 200, track("")), nil
		}), &httpx.EjectorConfig{Consecutive: 1})
		require.ErrorIs(t, askHost(t, rt, "a"), io.EOF)
		time.Sleep(5 * time.Second)
		// A probe that its caller cancels proves nothing: the next request is one.
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		_, err := rt.RoundTrip(request(t, "GET", "http://a/", nil).WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
		bad.Store(false)
		sent.Store(0)
		var refused atomic.Int64
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if errors.Is(askHost(t, rt, "a"), httpx.ErrEjected) {
					refused.Add(1)
				}
			})
		}
		group.Wait()
		assert.EqualValues(t, 1, sent.Load())
		assert.EqualValues(t, 9, refused.Load())
		assert.NoError(t, askHost(t, rt, "a"))
	})
}

// TestEjectorTimeouts counts a deadline, and not what the caller cancels.
func TestEjectorTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := newEjector(t, tripper(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}), &httpx.EjectorConfig{Consecutive: 2})
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err := rt.RoundTrip(request(t, "GET", "http://a/", nil).WithContext(ctx))
			require.ErrorIs(t, err, context.Canceled)
		}
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := rt.RoundTrip(request(t, "GET", "http://a/", nil).WithContext(ctx))
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.ErrorIs(t, askHost(t, rt, "a"), httpx.ErrEjected)
	})
}

func TestEjectorForgivesCancelledAttempts(t *testing.T) {
	rt := newEjector(t, tripper(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("lost the race: %w", context.Canceled)
	}), &httpx.EjectorConfig{Consecutive: 1})
	for range 3 {
		assert.ErrorIs(t, askHost(t, rt, "a"), context.Canceled)
	}
}

// TestEjectorSurvivesPanics gives back the place of a probe.
func TestEjectorSurvivesPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rt := newEjector(t, tripper(func(req *http.Request) (*http.Response, error) {
			switch n++; n {
			case 1:
				return nil, io.EOF
			case 2:
				panic("oops")
			}
			return answer(req, 200, track("")), nil
		}), &httpx.EjectorConfig{Consecutive: 1})
		assert.Error(t, askHost(t, rt, "a"))
		time.Sleep(time.Minute)
		assert.Panics(t, func() { askHost(t, rt, "a") })
		assert.NoError(t, askHost(t, rt, "a"))
	})
}

// TestEjectorIgnoresOldAnswers has answers that come after the ejection.
func TestEjectorIgnoresOldAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		rt := newEjector(t, tripper(func(req *http.Request) (*http.Response, error) {
			switch n.Add(1) {
			case 1:
				time.Sleep(time.Second)
				return answer(req, 200, track("")), nil
			case 2:
				time.Sleep(time.Second)
				return nil, io.EOF
			}
			return nil, io.EOF
		}), &httpx.EjectorConfig{Consecutive: 1, For: time.Minute})
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { askHost(t, rt, "a") })
		}
		time.Sleep(time.Millisecond)
		require.ErrorIs(t, askHost(t, rt, "a"), io.EOF)
		until := rt.Ejected()
		require.Len(t, until, 1)
		group.Wait()
		assert.Equal(t, until, rt.Ejected())
	})
}

func TestEjectorShare(t *testing.T) {
	for name, test := range map[string]struct {
		share float64
		known int
		want  int
	}{
		"alone":        {share: 0.5, known: 1, want: 1},
		"half of two":  {share: 0.5, known: 2, want: 1},
		"half of five": {share: 0.5, known: 5, want: 2},
		"few of two":   {share: 0.3, known: 2, want: 0},
		"all":          {share: 0, known: 5, want: 5},
	} {
		t.Run(name, func(t *testing.T) {
			p := &plan{next: 200}
			rt := newEjector(t, p, &httpx.EjectorConfig{MaxShare: test.share, Consecutive: 1})
			for i := range test.known {
				require.NoError(t, askHost(t, rt, fmt.Sprint("host", i)))
			}
			p.set(502)
			for i := range test.known {
				require.NoError(t, askHost(t, rt, fmt.Sprint("host", i)))
			}
			assert.Len(t, rt.Ejected(), test.want)
		})
	}
}

func TestEjectorForgets(t *testing.T) {
	p := &plan{next: 502}
	rt := newEjector(t, p, &httpx.EjectorConfig{MaxUpstreams: 2, Consecutive: 1})
	for _, host := range []string{"a", "b"} {
		require.NoError(t, askHost(t, rt, host))
	}
	require.ErrorIs(t, askHost(t, rt, "a"), httpx.ErrEjected) // used last
	require.NoError(t, askHost(t, rt, "c"))                   // in place of b
	assert.Len(t, rt.Ejected(), 2)
	require.ErrorIs(t, askHost(t, rt, "a"), httpx.ErrEjected)
	require.NoError(t, askHost(t, rt, "b"))
	for i := range 1000 {
		require.NoError(t, askHost(t, rt, fmt.Sprint("host", i)))
	}
	assert.Len(t, rt.Ejected(), 2)
}

func TestEjectorKeyAndFailed(t *testing.T) {
	rt := newEjector(t, &plan{next: 404}, &httpx.EjectorConfig{
		Consecutive: 1,
		Key:         func(req *http.Request) string { return req.Header.Get("X") },
		Failed:      func(resp *http.Response, _ error) bool { return resp.StatusCode == http.StatusNotFound },
	})
	for _, key := range []string{"1", "2", "1"} {
		req := request(t, "GET", "http://a/", nil)
		req.Header.Set("X", key)
		_, err := rt.RoundTrip(req)
		if len(rt.Ejected()) == 2 && key == "1" {
			require.ErrorIs(t, err, httpx.ErrEjected)
		} else {
			require.NoError(t, err)
		}
	}
	assert.Len(t, rt.Ejected(), 2)
}

func TestEjectorLeavesBadRequestsAlone(t *testing.T) {
	_, err := newEjector(t, &http.Transport{}, nil).RoundTrip(&http.Request{Header: http.Header{}})
	assert.ErrorContains(t, err, "nil Request.URL")
}

// TestEjectorTargets has three servers, of which one fails, then all.
func TestEjectorTargets(t *testing.T) {
	noLeak(t)
	var sent [3]atomic.Int64
	var bad [3]atomic.Bool
	var targets []*url.URL
	var tr *http.Transport
	for i := range sent {
		s, own := serve(t, func(w http.ResponseWriter, r *http.Request) {
			sent[i].Add(1)
			assert.Equal(t, "name.test", r.Host)
			if bad[i].Load() {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		targets, tr = append(targets, parse(t, s.URL)), own
	}
	defer tr.CloseIdleConnections()
	rt := newEjector(t, tr, &httpx.EjectorConfig{Targets: targets, Consecutive: 2, For: time.Hour, MaxFor: time.Hour})
	for range 6 {
		require.NoError(t, askHost(t, rt, "name.test"))
	}
	for i := range sent {
		assert.EqualValues(t, 2, sent[i].Swap(0), "in turn")
	}
	bad[1].Store(true)
	for range 30 {
		require.NoError(t, askHost(t, rt, "name.test"))
	}
	assert.EqualValues(t, 2, sent[1].Load())
	assert.EqualValues(t, 28, sent[0].Load()+sent[2].Load())
	bad[0].Store(true)
	bad[2].Store(true)
	for range 4 {
		require.NoError(t, askHost(t, rt, "name.test"))
	}
	err := askHost(t, rt, "name.test")
	require.ErrorIs(t, err, httpx.ErrEjected)
	assert.Equal(t, 3, strings.Count(err.Error(), "502 Bad Gateway"), "each is named")
	// A Retry above does not wait for what is ejected.
	start := time.Now()
	_, err = newRetry(t, rt, &httpx.RetryConfig{Backoff: time.Hour, MaxBackoff: time.Hour}).RoundTrip(request(t, "GET", "http://name.test/", nil))
	require.ErrorIs(t, err, httpx.ErrEjected)
	assert.Less(t, time.Since(start), time.Minute)
}

// TestEjectorUnderLoad is for the race detector.
func TestEjectorUnderLoad(t *testing.T) {
	noLeak(t)
	var n atomic.Int64
	s, tr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%3 == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	tr.MaxIdleConnsPerHost = 8
	rt := newEjector(t, tr, &httpx.EjectorConfig{Consecutive: 1, For: time.Microsecond, MaxFor: time.Microsecond, MaxUpstreams: 3})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				req := request(t, "GET", s.URL, nil)
				if resp, err := rt.RoundTrip(req); err == nil {
					resp.Body.Close()
				} else {
					assert.ErrorIs(t, err, httpx.ErrEjected)
				}
				rt.Ejected()
			}
		})
	}
	group.Wait()
}
