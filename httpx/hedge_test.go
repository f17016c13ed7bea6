package httpx_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
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

func newHedge(t *testing.T, next http.RoundTripper, cfg *httpx.HedgeConfig) *httpx.Hedge {
	t.Helper()
	rt, err := httpx.NewHedge(next, cfg)
	require.NoError(t, err)
	return rt
}

func TestHedgeConfig(t *testing.T) {
	_, err := httpx.NewHedge(nil, &httpx.HedgeConfig{Delay: -1, Attempts: 11, Budget: httpx.Budget{Ratio: math.NaN()}})
	assert.Equal(t, []string{"next", "Delay", "Attempts", "Budget.Ratio"}, fields(err))
	assert.Equal(t, "next", failure(t, err).Field)
	next := &idler{RoundTripper: http.DefaultTransport}
	newHedge(t, next, nil).CloseIdleConnections()
	assert.EqualValues(t, 1, next.closed.Load())
}

// lane is what one attempt does: it answers after a time.
type lane struct {
	after  time.Duration
	status int
	err    error
}

// lanes plays an attempt after the other, and keeps what became of them.
type lanes struct {
	mu        sync.Mutex
	lanes     []lane
	sent      int
	cancelled int
	bodies    []*tracked
	got       []string
}

func (l *lanes) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	own := l.lanes[min(l.sent, len(l.lanes)-1)]
	l.sent++
	body := track("hello")
	l.got = append(l.got, consume(req))
	l.mu.Unlock()
	select {
	case <-req.Context().Done():
		l.mu.Lock()
		l.cancelled++
		l.mu.Unlock()
		return nil, context.Cause(req.Context())
	case <-time.After(own.after):
	}
	if own.err != nil {
		return nil, own.err
	}
	l.mu.Lock()
	l.bodies = append(l.bodies, body)
	l.mu.Unlock()
	return answer(req, own.status, body), nil
}

func TestHedge(t *testing.T) {
	const ms = time.Millisecond
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		method    string
		lanes     []lane
		attempts  int
		sent      int
		cancelled int
		status    int
		took      time.Duration
	}{
		"quick":                   {lanes: []lane{{after: 50 * ms, status: 200}}, sent: 1, status: 200, took: 50 * ms},
		"slow":                    {lanes: []lane{{after: 500 * ms, status: 200}, {after: 50 * ms, status: 201}}, sent: 2, cancelled: 1, status: 201, took: 150 * ms},
		"first wins all the same": {lanes: []lane{{after: 150 * ms, status: 200}, {after: 90 * ms, status: 201}}, sent: 2, cancelled: 1, status: 200, took: 150 * ms},
		"three":                   {lanes: []lane{{after: 500 * ms, status: 200}, {after: 500 * ms}, {after: 10 * ms, status: 202}}, attempts: 3, sent: 3, cancelled: 2, status: 202, took: 210 * ms},
		"not found is good":       {lanes: []lane{{after: 150 * ms, status: 404}, {after: 500 * ms}}, sent: 2, cancelled: 1, status: 404, took: 150 * ms},
		"bad and quick":           {lanes: []lane{{after: 50 * ms, status: 500}}, sent: 1, status: 500, took: 50 * ms},
		"bad, then good":          {lanes: []lane{{after: 150 * ms, status: 500}, {after: 100 * ms, status: 200}}, sent: 2, status: 200, took: 200 * ms},
		"bad, then error":         {lanes: []lane{{after: 150 * ms, status: 500}, {after: 100 * ms, err: broken}}, sent: 2, status: 500, took: 200 * ms},
		"error, then bad":         {lanes: []lane{{after: 150 * ms, err: broken}, {after: 100 * ms, status: 500}}, sent: 2, status: 500, took: 200 * ms},
		"bad twice":               {lanes: []lane{{after: 150 * ms, status: 500}, {after: 100 * ms, status: 503}}, sent: 2, status: 503, took: 200 * ms},
		"error, then good":        {lanes: []lane{{after: 150 * ms, err: broken}, {after: 100 * ms, status: 200}}, sent: 2, status: 200, took: 200 * ms},
		"errors":                  {lanes: []lane{{after: 150 * ms, err: broken}, {after: 100 * ms, err: io.EOF}}, sent: 2, took: 200 * ms},
		"an error":                {lanes: []lane{{after: 50 * ms, err: broken}}, sent: 1, took: 50 * ms},
		"post":                    {method: "POST", lanes: []lane{{after: 500 * ms, status: 200}}, sent: 1, status: 200, took: 500 * ms},
		"turned off":              {attempts: 1, lanes: []lane{{after: 500 * ms, status: 200}}, sent: 1, status: 200, took: 500 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := &lanes{lanes: test.lanes}
				rt := newHedge(t, next, &httpx.HedgeConfig{Attempts: test.attempts})
				req := request(t, test.method, "http://a/", strings.NewReader("body"))
				start := time.Now()
				resp, err := rt.RoundTrip(req)
				assert.Equal(t, test.took, time.Since(start))
				if test.status == 0 {
					assert.ErrorIs(t, err, broken)
				} else {
					require.NoError(t, err)
					assert.Equal(t, test.status, resp.StatusCode)
					assert.Same(t, req, resp.Request)
					assert.Equal(t, "hello", finish(t, resp))
				}
				synctest.Wait()
				assert.Equal(t, test.sent, next.sent)
				assert.Equal(t, test.cancelled, next.cancelled)
				assert.Equal(t, httpx.HedgeStats{Requests: 1, Hedges: uint64(test.sent - 1)}, rt.Stats())
				for _, body := range next.bodies {
					assert.EqualValues(t, 1, body.closed.Load())
				}
				for _, body := range next.got {
					assert.Equal(t, "body", body)
				}
			})
		})
	}
}

func TestHedgeJoinsErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &lanes{lanes: []lane{{after: time.Second, err: io.EOF}, {after: time.Second, err: io.ErrClosedPipe}}}
		_, err := newHedge(t, next, nil).RoundTrip(request(t, "GET", "http://a/", nil))
		assert.EqualError(t, err, "httpx: round trip: 2 attempts: EOF; io: read/write on closed pipe")
	})
}

// TestHedgeClosesWhatComesLate has a transport that answers in spite of being cancelled.
func TestHedgeClosesWhatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := track("late")
		var n atomic.Int64
		rt := newHedge(t, tripper(func(req *http.Request) (*http.Response, error) {
			if n.Add(1) == 1 {
				time.Sleep(time.Hour)
				return answer(req, 200, late), nil
			}
			return answer(req, 200, track("hello")), nil
		}), nil)
		resp, err := rt.RoundTrip(request(t, "GET", "http://a/", nil))
		require.NoError(t, err)
		assert.NoError(t, resp.Request.Context().Err())
		assert.Equal(t, "hello", finish(t, resp))
		time.Sleep(2 * time.Hour)
		assert.EqualValues(t, 1, late.closed.Load())
	})
}

// TestHedgeLeavesRequests has an attempt that begins to send when the caller has got his
// answer, and goes on with his request.
func TestHedgeLeavesRequests(t *testing.T) {
	began, changed, sent := make(chan struct{}), make(chan struct{}), make(chan string)
	n := new(atomic.Int64)
	rt := newHedge(t, tripper(func(req *http.Request) (*http.Response, error) {
		if n.Add(1) == 1 {
			<-began
			return answer(req, 200, track("hello")), nil
		}
		close(began)
		<-changed
		sent <- req.URL.Path + " " + req.Header.Get("X")
		return nil, context.Cause(req.Context())
	}), &httpx.HedgeConfig{Delay: time.Millisecond})
	req := request(t, "GET", "http://a/1", nil)
	req.Header.Set("X", "1")
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	finish(t, resp)
	req.URL.Path = "/2"
	req.Header.Set("X", "2")
	close(changed)
	assert.Equal(t, "/1 1", <-sent)
}

// TestHedgeTie has answers that come at the same moment: the one that is not taken is closed.
func TestHedgeTie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			next := &lanes{lanes: []lane{{after: 200 * time.Millisecond, status: 200}, {after: 100 * time.Millisecond, status: 200}}}
			resp, err := newHedge(t, next, nil).RoundTrip(request(t, "GET", "http://a/", nil))
			require.NoError(t, err)
			finish(t, resp)
			synctest.Wait()
			for _, body := range next.bodies {
				assert.EqualValues(t, 1, body.closed.Load())
			}
		}
	})
}

// TestHedgeClosesWhatWaits has a second answer that is there when the first one is taken.
func TestHedgeClosesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &lanes{lanes: []lane{{after: 200 * time.Millisecond, status: 200}, {after: 100 * time.Millisecond, status: 200}}}
		judged := 0
		rt := newHedge(t, next, &httpx.HedgeConfig{Good: func(*http.Response) bool {
			judged++
			synctest.Wait() // for the other one
			return true
		}})
		resp, err := rt.RoundTrip(request(t, "GET", "http://a/", nil))
		require.NoError(t, err)
		finish(t, resp)
		assert.Equal(t, 1, judged)
		require.Len(t, next.bodies, 2)
		for _, body := range next.bodies {
			assert.EqualValues(t, 1, body.closed.Load())
		}
	})
}

func TestHedgeHonoursTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(300*time.Millisecond, func() { cancel(gone) })
		spare := track("bad")
		var n atomic.Int64
		rt := newHedge(t, tripper(func(req *http.Request) (*http.Response, error) {
			if n.Add(1) == 1 {
				time.Sleep(200 * time.Millisecond)
				return answer(req, 500, spare), nil
			}
			time.Sleep(time.Hour) // hears of nothing
			return nil, io.EOF
		}), nil)
		start := time.Now()
		_, err := rt.RoundTrip(request(t, "GET", "http://a/", nil).WithContext(ctx))
		assert.ErrorIs(t, err, gone)
		assert.Equal(t, 300*time.Millisecond, time.Since(start))
		assert.EqualValues(t, 1, spare.closed.Load())
		time.Sleep(2 * time.Hour)
	})
}

func TestHedgeNamesBodiesThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("disk on fire")
		next := &lanes{lanes: []lane{{after: time.Second, err: io.EOF}}}
		req := request(t, "PUT", "http://a/", strings.NewReader("x"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, cause }
		_, err := newHedge(t, next, nil).RoundTrip(req)
		assert.ErrorIs(t, err, cause)
		assert.ErrorIs(t, err, io.EOF)
		assert.Equal(t, 1, next.sent)
	})
}

// TestHedgeBudget shows that a slow upstream gets a tenth more requests, not twice as many.
func TestHedgeBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &lanes{lanes: []lane{{after: time.Second, status: 200}}}
		rt := newHedge(t, next, &httpx.HedgeConfig{Budget: httpx.Budget{Ratio: 0.1, PerSecond: -1, Burst: 1}})
		for range 100 {
			resp, err := rt.RoundTrip(request(t, "GET", "http://a/", nil))
			require.NoError(t, err)
			finish(t, resp)
		}
		assert.InDelta(t, 110, next.sent, 2)
	})
}

// TestHedgeOnRealConns has a server that is slow every other time.
func TestHedgeOnRealConns(t *testing.T) {
	noLeak(t)
	var n, cancelled atomic.Int64
	s, tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			<-r.Context().Done()
			cancelled.Add(1)
			return
		}
		io.WriteString(w, strings.Repeat("hello", 100_000))
	})
	rt := newHedge(t, tr, &httpx.HedgeConfig{Delay: 10 * time.Millisecond})
	_, body, err := get(t, rt, s.URL)
	require.NoError(t, err)
	assert.Len(t, body, 500_000, "the end of the race does not cut the winner's body")
	eventually(t, "cancelled", func() bool { return cancelled.Load() == 1 })
}
