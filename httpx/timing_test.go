package httpx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// newTimed collects timings, in the order in which requests end.
func newTimed(t *testing.T, next http.RoundTripper) (*httpx.Timed, func() httpx.Timings) {
	t.Helper()
	all := make(chan httpx.Timings, 1000)
	rt, err := httpx.NewTimed(next, func(req *http.Request, tm httpx.Timings) {
		assert.NotNil(t, req)
		all <- tm
	})
	require.NoError(t, err)
	return rt, func() httpx.Timings {
		require.Len(t, all, 1, "told once")
		return <-all
	}
}

// positive is for phases that took place: Windows' clock can stand still during one.
func positive(t *testing.T, d time.Duration) {
	t.Helper()
	if runtime.GOOS != "windows" {
		assert.Positive(t, d)
		return
	}
	assert.GreaterOrEqual(t, d, time.Duration(0))
}

func TestTimedConfig(t *testing.T) {
	_, err := httpx.NewTimed(nil, nil)
	assert.Equal(t, []string{"next", "done"}, fields(err))
	next := &idler{RoundTripper: http.DefaultTransport}
	rt, _ := newTimed(t, next)
	rt.CloseIdleConnections()
	assert.EqualValues(t, 1, next.closed.Load())
}

// TestTimed has real conns: the first one dials, the second one uses it again, the
// third one resumes the session on a new one.
func TestTimed(t *testing.T) {
	noLeak(t)
	for _, h2 := range []bool{false, true} {
		answered := make(chan bool, 1)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			time.Sleep(10 * time.Millisecond)
			w.(http.Flusher).Flush()
			<-answered
			io.WriteString(w, "hello")
		}))
		s.EnableHTTP2 = h2
		s.StartTLS()
		defer s.Close()
		tr := s.Client().Transport.(*http.Transport)
		defer tr.CloseIdleConnections()
		tr.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		tr.TLSClientConfig.ServerName = "example.com" // what httptest's certificate is for
		rt, told := newTimed(t, tr)
		for i := range 3 {
			before := time.Now()
			req := request(t, "POST", strings.Replace(s.URL, "127.0.0.1", "localhost", 1), strings.NewReader("x"))
			resp, err := rt.RoundTrip(req)
			require.NoError(t, err)
			assert.Same(t, req, resp.Request)
			time.Sleep(10 * time.Millisecond)
			answered <- true
			finish(t, resp)
			took := time.Since(before)
			tm := told()
			assert.NoError(t, tm.Err)
			assert.Equal(t, 1, tm.Attempts)
			assert.Equal(t, 200, tm.Status)
			assert.Equal(t, resp.Proto, tm.Proto)
			assert.Equal(t, h2, tm.Proto == "HTTP/2.0")
			assert.Equal(t, i == 1, tm.Reused)
			assert.Equal(t, i == 2, tm.TLSResumed)
			assert.Equal(t, s.Listener.Addr().String(), tm.RemoteAddr.String())
			assert.NotNil(t, tm.LocalAddr)
			assert.False(t, tm.Start.Before(before))
			if i == 1 {
				assert.Zero(t, tm.DNS+tm.Connect+tm.TLS)
			} else {
				positive(t, tm.DNS)
				positive(t, tm.Connect)
				positive(t, tm.TLS)
				assert.LessOrEqual(t, tm.Connect+tm.TLS, tm.Conn)
			}
			positive(t, tm.Conn)
			positive(t, tm.Write)
			assert.GreaterOrEqual(t, tm.FirstByte, 10*time.Millisecond)
			assert.GreaterOrEqual(t, tm.FirstByte, tm.Conn+tm.Write)
			positive(t, tm.Wait)
			assert.GreaterOrEqual(t, tm.Body, 10*time.Millisecond)
			assert.LessOrEqual(t, tm.FirstByte+tm.Body, tm.Total)
			assert.LessOrEqual(t, tm.Total, took)
			if i == 1 {
				tr.CloseIdleConnections()
			}
		}
	}
}

func TestTimedFailures(t *testing.T) {
	noLeak(t)
	rt, told := newTimed(t, &http.Transport{})
	_, err := rt.RoundTrip(request(t, "GET", "http://127.0.0.1:1/", nil))
	var refused *net.OpError
	require.ErrorAs(t, err, &refused)
	tm := told()
	assert.ErrorIs(t, tm.Err, refused)
	positive(t, tm.Total)
	assert.Zero(t, tm.Conn+tm.Connect+tm.Write+tm.Wait+tm.FirstByte+tm.Body)
	assert.Nil(t, tm.RemoteAddr)
	assert.Equal(t, 0, tm.Status)

	s, tr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "hello")
	})
	rt, told = newTimed(t, tr)
	_, _, err = get(t, rt, s.URL)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	tm = told()
	assert.ErrorIs(t, tm.Err, io.ErrUnexpectedEOF)
	assert.Equal(t, 200, tm.Status)
}

// TestTimedEnds tells of a response without body at once, and of one that is closed early.
func TestTimedEnds(t *testing.T) {
	noLeak(t)
	s, tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Write(make([]byte, 1<<20))
		}
	})
	rt, told := newTimed(t, tr)
	resp, err := rt.RoundTrip(request(t, "HEAD", s.URL, nil))
	require.NoError(t, err)
	assert.NoError(t, told().Err)
	resp.Body.Close()

	resp, err = rt.RoundTrip(request(t, "GET", s.URL, nil))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, resp.Body.Close())
	assert.NoError(t, told().Err)
}

// TestTimedCountsAttempts is around a Retry.
func TestTimedCountsAttempts(t *testing.T) {
	noLeak(t)
	var n atomic.Int64
	s, tr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	rt, told := newTimed(t, newRetry(t, tr, quick()))
	_, _, err := get(t, rt, s.URL)
	require.NoError(t, err)
	tm := told()
	assert.Equal(t, 3, tm.Attempts)
	assert.Equal(t, 200, tm.Status)
	assert.True(t, tm.Reused)
}

// TestTimedComposes leaves the hooks of the caller in place.
func TestTimedComposes(t *testing.T) {
	noLeak(t)
	s, tr := serve(t, func(_ http.ResponseWriter, _ *http.Request) {})
	rt, told := newTimed(t, tr)
	var got, connected atomic.Int64
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn:     func(httptrace.GotConnInfo) { got.Add(1) },
		ConnectDone: func(string, string, error) { connected.Add(1) },
	})
	ctx, outer := httpx.WithTimings(ctx)
	resp, err := rt.RoundTrip(request(t, "GET", s.URL, nil).WithContext(ctx))
	require.NoError(t, err)
	finish(t, resp)
	tm := told()
	assert.EqualValues(t, 1, got.Load())
	assert.EqualValues(t, 1, connected.Load())
	positive(t, tm.Connect)
	same := outer.Timings()
	assert.Equal(t, tm.RemoteAddr, same.RemoteAddr)
	positive(t, same.Connect)
	positive(t, same.FirstByte)
	assert.Zero(t, same.Body, "the end is not known")
	assert.GreaterOrEqual(t, same.Total, tm.Total)
}

// TestRecorderMeetsEveryHook has hooks in orders that happen rarely: the trace is that of the context.
func TestRecorderMeetsEveryHook(t *testing.T) {
	ctx, r := httpx.WithTimings(t.Context())
	trace := httptrace.ContextClientTrace(ctx)
	assert.Zero(t, r.Timings().Attempts)
	trace.GetConn("a:80")
	trace.DNSStart(httptrace.DNSStartInfo{})
	trace.DNSDone(httptrace.DNSDoneInfo{})
	trace.ConnectStart("tcp", "a")
	trace.ConnectStart("tcp", "b")
	trace.ConnectDone("tcp", "a", errors.New("refused"))
	assert.Zero(t, r.Timings().Connect)
	time.Sleep(time.Millisecond)
	trace.ConnectDone("tcp", "b", nil)
	connect := r.Timings().Connect
	assert.GreaterOrEqual(t, connect, time.Millisecond)
	trace.ConnectDone("tcp", "c", nil)
	assert.Equal(t, connect, r.Timings().Connect, "the first one counts")
	trace.GotConn(httptrace.GotConnInfo{Reused: true, IdleTime: time.Second}) // somebody else's
	trace.TLSHandshakeStart()
	trace.TLSHandshakeDone(tls.ConnectionState{}, nil)
	trace.GotFirstResponseByte()
	time.Sleep(time.Millisecond)
	trace.WroteRequest(httptrace.WroteRequestInfo{})
	tm := r.Timings()
	assert.Zero(t, tm.Connect+tm.DNS+tm.TLS)
	assert.Zero(t, tm.Wait, "answered before it was written")
	assert.Equal(t, time.Second, tm.Idle)
	assert.Nil(t, tm.LocalAddr)
	trace.GetConn("a:80")
	tm = r.Timings()
	assert.Equal(t, 2, tm.Attempts)
	assert.False(t, tm.Reused)
	assert.Zero(t, tm.Conn+tm.FirstByte)
}

// TestTimedIgnoresLateHooks is for the race detector: two addresses race, requests end in the middle of a dial.
func TestTimedIgnoresLateHooks(t *testing.T) {
	noLeak(t)
	s, _ := serve(t, func(_ http.ResponseWriter, _ *http.Request) {})
	// From the beginning: a transport that exists may already be read by a dial.
	tr := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		trace := httptrace.ContextClientTrace(ctx)
		var late sync.WaitGroup // than the end of many a request
		defer late.Wait()
		for range 4 {
			late.Go(func() {
				trace.ConnectStart(network, address)
				trace.DNSStart(httptrace.DNSStartInfo{})
				trace.DNSDone(httptrace.DNSDoneInfo{})
				trace.ConnectDone(network, address, nil)
			})
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	t.Cleanup(tr.CloseIdleConnections)
	var told atomic.Int64
	rt, err := httpx.NewTimed(tr, func(_ *http.Request, tm httpx.Timings) {
		told.Add(1)
		assert.GreaterOrEqual(t, min(tm.DNS, tm.Connect, tm.TLS, tm.Conn, tm.Write, tm.Wait, tm.Body), time.Duration(0))
	})
	require.NoError(t, err)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
			defer cancel()
			if resp, err := rt.RoundTrip(request(t, "GET", s.URL, nil).WithContext(ctx)); err == nil {
				resp.Body.Close()
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 64, told.Load())
}
