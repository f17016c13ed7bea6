package httpx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

func newRetry(t *testing.T, next http.RoundTripper, cfg *httpx.RetryConfig) *httpx.Retry {
	t.Helper()
	rt, err := httpx.NewRetry(next, cfg)
	require.NoError(t, err)
	return rt
}

// quick has waits that nobody notices.
func quick() *httpx.RetryConfig {
	return &httpx.RetryConfig{Backoff: time.Microsecond, MaxBackoff: time.Microsecond}
}

func TestRetryConfig(t *testing.T) {
	for want, c := range map[string]*httpx.RetryConfig{
		"Attempts=-1: must be from 1 to 100":            {Attempts: -1},
		"Attempts=101: must be from 1 to 100":           {Attempts: 101},
		"Statuses=200: must be from 400 to 599":         {Statuses: []int{503, 200}},
		"Backoff=-1s: must not be negative":             {Backoff: -time.Second},
		"MaxBackoff=1ms: must be at least 1s":           {Backoff: time.Second, MaxBackoff: time.Millisecond},
		"TryTimeout=-1ns: must not be negative":         {TryTimeout: -1},
		"Budget.Ratio=NaN: must be from -Inf to 100":    {Budget: httpx.Budget{Ratio: math.NaN()}},
		"Budget.PerSecond=+Inf: must be from -Inf to":   {Budget: httpx.Budget{PerSecond: math.Inf(1)}},
		"Budget.Burst=-1: must be from 0 to 1e+06":      {Budget: httpx.Budget{Burst: -1}},
		"Budget.Burst=2000000: must be from 0 to 1e+06": {Budget: httpx.Budget{Burst: 2e6}},
	} {
		rt, err := httpx.NewRetry(http.DefaultTransport, c)
		assert.Nil(t, rt)
		assert.ErrorContains(t, err, strings.ReplaceAll(want, "1e+06", "1000000"))
		assert.Len(t, fields(err), 1)
	}
	_, err := httpx.NewRetry(nil, &httpx.RetryConfig{Attempts: -1, TryTimeout: -1, Statuses: []int{1}})
	assert.Equal(t, []string{"next", "Attempts", "Statuses", "TryTimeout"}, fields(err))
	assert.Equal(t, "next", failure(t, err).Field)
}

func TestRetryPassesCloseIdleConnections(t *testing.T) {
	next := &idler{RoundTripper: http.DefaultTransport}
	newRetry(t, next, nil).CloseIdleConnections()
	assert.EqualValues(t, 1, next.closed.Load())
	newRetry(t, tripper(nil), nil).CloseIdleConnections()
}

// TestRetryChooses has a server that answers with the status until the last attempt.
func TestRetryChooses(t *testing.T) {
	noLeak(t)
	key := http.Header{"Idempotency-Key": {"1"}}
	for name, test := range map[string]struct {
		method   string
		header   http.Header // of the request
		status   int
		after    string
		statuses []int
		body     io.Reader
		want     int
	}{
		"get 503":                      {status: 503, want: 3},
		"get 502":                      {status: 502, want: 3},
		"get 504":                      {status: 504, want: 3},
		"get 500":                      {status: 500, want: 1},
		"get 404":                      {status: 404, want: 1},
		"get 429":                      {status: 429, want: 1},
		"get 429 with Retry-After":     {status: 429, after: "0", want: 3},
		"get 503 with a long one":      {status: 503, after: "6", want: 1},
		"get 503 with a past date":     {status: 503, after: "Sun, 06 Nov 1994 08:49:37 GMT", want: 3},
		"get 503 with a far date":      {status: 503, after: "Sun, 06 Nov 2094 08:49:37 GMT", want: 1},
		"get 503 with nonsense":        {status: 503, after: "soon", want: 3},
		"get 500 by list":              {status: 500, statuses: []int{500}, want: 3},
		"get 503 with an empty list":   {status: 503, statuses: []int{}, want: 1},
		"head":                         {method: "HEAD", status: 503, want: 3},
		"options":                      {method: "OPTIONS", status: 503, want: 3},
		"trace":                        {method: "TRACE", status: 503, want: 3},
		"delete":                       {method: "DELETE", status: 503, want: 3},
		"put":                          {method: "PUT", status: 503, body: strings.NewReader("x"), want: 3},
		"post":                         {method: "POST", status: 503, want: 1},
		"patch":                        {method: "PATCH", status: 503, want: 1},
		"post with a key":              {method: "POST", header: key, status: 503, body: strings.NewReader("x"), want: 3},
		"post with a key without body": {method: "POST", header: http.Header{"X-Idempotency-Key": nil}, status: 503, want: 3},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			s, tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return
				}
				if test.after != "" {
					w.Header().Set("Retry-After", test.after)
				}
				if n.Add(1) < 3 {
					w.WriteHeader(test.status)
				}
			})
			c := quick()
			c.Statuses = test.statuses
			req := request(t, test.method, s.URL, test.body)
			if test.header != nil {
				req.Header = test.header
			}
			before := req.Clone(t.Context())
			rt := newRetry(t, tr, c)
			resp, err := rt.RoundTrip(req)
			require.NoError(t, err)
			finish(t, resp)
			assert.EqualValues(t, test.want, n.Load())
			assert.Equal(t, httpx.RetryStats{Requests: 1, Retries: uint64(test.want - 1)}, rt.Stats())
			assert.Same(t, req, resp.Request)
			assert.Equal(t, before.Header, req.Header)
			if test.want == 3 {
				assert.Equal(t, 200, resp.StatusCode)
			} else {
				assert.Equal(t, test.status, resp.StatusCode)
			}
		})
	}
}

func TestRetryReturnsTheLastResponse(t *testing.T) {
	var bodies []*tracked
	rt := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) {
		bodies = append(bodies, track("no"))
		return answer(req, 503, bodies[len(bodies)-1]), nil
	}), quick())
	resp, err := rt.RoundTrip(request(t, "GET", "http://a/", nil))
	require.NoError(t, err)
	require.Len(t, bodies, 3)
	assert.EqualValues(t, 1, bodies[0].closed.Load())
	assert.EqualValues(t, 1, bodies[1].closed.Load())
	assert.EqualValues(t, 0, bodies[2].closed.Load())
	assert.Equal(t, "no", finish(t, resp))
}

// TestRetryReusesTheConn reads what it discards, so that a small body costs no conn. It
// comes with its header: what does not come in time would cost one.
func TestRetryReusesTheConn(t *testing.T) {
	noLeak(t)
	var n atomic.Int64
	s, tr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%2 == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, strings.Repeat("x", 1000))
		}
	})
	conns := make(map[string]bool)
	next := tripper(func(req *http.Request) (*http.Response, error) { return tr.RoundTrip(req) })
	timed, err := httpx.NewTimed(next, func(_ *http.Request, tm httpx.Timings) { conns[tm.LocalAddr.String()] = true })
	require.NoError(t, err)
	rt := newRetry(t, timed, quick())
	for range 4 {
		_, _, err := get(t, rt, s.URL)
		require.NoError(t, err)
	}
	assert.Len(t, conns, 1)
	assert.EqualValues(t, 8, n.Load())
}

// TestRetryLeavesSlowBodies closes a body that does not end, and one that is large.
func TestRetryLeavesSlowBodies(t *testing.T) {
	noLeak(t)
	var n atomic.Int64
	s, tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case 2:
			w.Header().Set("Content-Length", "1000000")
			w.WriteHeader(http.StatusServiceUnavailable)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	})
	_, _, err := get(t, newRetry(t, tr, quick()), s.URL)
	require.NoError(t, err)
	assert.EqualValues(t, 3, n.Load())
}

func TestRetryBodies(t *testing.T) {
	noLeak(t)
	for name, test := range map[string]struct {
		method string
		length int64
		most   int64
		expect string
		rewind bool
		want   int
	}{
		"with GetBody":         {method: "PUT", length: 5, rewind: true, want: 3},
		"small":                {method: "PUT", length: 5, want: 3},
		"over the limit":       {method: "PUT", length: 5, most: 4, want: 1},
		"no limit":             {method: "PUT", length: 5, most: -1, want: 1},
		"of unknown length":    {method: "PUT", length: -1, want: 1},
		"that waits for a 100": {method: "PUT", length: 5, expect: "100-continue", want: 1},
		"of a post":            {method: "POST", length: 5, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			var mu sync.Mutex
			s, tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
				data, _ := io.ReadAll(r.Body)
				mu.Lock()
				defer mu.Unlock()
				if got = append(got, string(data)); len(got) < 3 {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			})
			body := track("hello")
			var again []*tracked
			req := request(t, test.method, s.URL, body)
			req.ContentLength = test.length
			if test.expect != "" {
				req.Header.Set("Expect", test.expect)
			}
			if test.rewind {
				req.GetBody = func() (io.ReadCloser, error) {
					again = append(again, track("hello"))
					return again[len(again)-1], nil
				}
			}
			c := quick()
			c.MaxBody = test.most
			resp, err := newRetry(t, tr, c).RoundTrip(req)
			require.NoError(t, err)
			finish(t, resp)
			mu.Lock()
			defer mu.Unlock()
			assert.Len(t, got, test.want)
			for _, data := range got {
				assert.Equal(t, "hello", data)
			}
			eventually(t, "closed", func() bool { return body.closed.Load() > 0 })
			assert.Same(t, body, req.Body)
			for _, b := range again {
				eventually(t, "closed", func() bool { return b.closed.Load() > 0 })
			}
			if !test.rewind {
				assert.Nil(t, req.GetBody)
			}
		})
	}
}

// failing is a body that cannot be read, or not be closed.
type failing struct{ read, close error }

func (f failing) Read([]byte) (int, error) {
	if f.read != nil {
		return 0, f.read
	}
	return 0, io.EOF
}
func (f failing) Close() error { return f.close }

func TestRetryNamesBodiesThatFail(t *testing.T) {
	cause := errors.New("disk on fire")
	never := tripper(func(*http.Request) (*http.Response, error) { panic("sent") })
	for _, body := range []failing{{read: cause}, {close: cause}} {
		req := request(t, "PUT", "http://a/", body)
		req.ContentLength = 5
		_, err := newRetry(t, never, nil).RoundTrip(req)
		assert.ErrorIs(t, err, cause)
		assert.Equal(t, "read request body", failure(t, err).Op)
	}
	req := request(t, "PUT", "http://a/", strings.NewReader("x"))
	req.GetBody = func() (io.ReadCloser, error) { return nil, cause }
	_, err := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) {
		consume(req)
		return nil, syscall.ECONNRESET
	}), quick()).RoundTrip(req)
	assert.ErrorIs(t, err, cause)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

// TestRetryStopsReadingBodies waits for a client that sends nothing, until the context ends.
func TestRetryStopsReadingBodies(t *testing.T) {
	noLeak(t)
	r, w := io.Pipe()
	defer w.Close()
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	req := request(t, "PUT", "http://a/", r).WithContext(ctx)
	req.ContentLength = 5
	time.AfterFunc(10*time.Millisecond, func() { cancel(gone) })
	_, err := newRetry(t, tripper(nil), nil).RoundTrip(req)
	assert.ErrorIs(t, err, gone)
}

// TestRetryErrors has errors that are tried again, and such that are not.
func TestRetryErrors(t *testing.T) {
	dns := &net.DNSError{Err: "no such host", IsNotFound: true}
	for name, test := range map[string]struct {
		method string
		err    error
		want   int
	}{
		"reset":                {"GET", syscall.ECONNRESET, 3},
		"end":                  {"GET", io.ErrUnexpectedEOF, 3},
		"post, reset":          {"POST", syscall.ECONNRESET, 1},
		"post, refused":        {"POST", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, 3},
		"post, proxy":          {"POST", &net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}, 3},
		"post, broken":         {"POST", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, 1},
		"try again":            {"GET", &net.DNSError{IsTemporary: true}, 3},
		"no such name":         {"GET", &net.OpError{Op: "dial", Err: dns}, 1},
		"certificate":          {"GET", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, 1},
		"name":                 {"GET", x509.HostnameError{}, 1},
		"not TLS":              {"GET", tls.RecordHeaderError{}, 1},
		"ECH":                  {"GET", &tls.ECHRejectionError{}, 1},
		"alert of QUIC":        {"GET", tls.AlertError(42), 1},
		"alert":                {"GET", &net.OpError{Op: "remote error", Err: errors.New("bad certificate")}, 1},
		"skip":                 {"GET", http.ErrSkipAltProtocol, 1},
		"cancelled underneath": {"GET", context.Canceled, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			rt := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) {
				n++
				consume(req)
				return nil, test.err
			}), quick())
			resp, err := rt.RoundTrip(request(t, test.method, "http://a/", strings.NewReader("x")))
			assert.Nil(t, resp)
			assert.Equal(t, test.want, n)
			assert.ErrorIs(t, err, test.err)
			if test.want == 1 {
				assert.Equal(t, test.err, err, "the only error is returned as it is")
				return
			}
			var all httpx.Attempts
			require.ErrorAs(t, err, &all)
			assert.Len(t, all, 3)
		})
	}
}

func TestRetryJoinsCauses(t *testing.T) {
	results := []func(*http.Request) (*http.Response, error){
		func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET },
		func(req *http.Request) (*http.Response, error) { return answer(req, 599, track("")), nil },
		func(*http.Request) (*http.Response, error) { return nil, &net.DNSError{IsTimeout: true} },
	}
	c := quick()
	c.Statuses = []int{599}
	n := 0
	rt := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) { n++; return results[n-1](req) }), c)
	_, err := rt.RoundTrip(request(t, "GET", "http://a/", nil))
	require.EqualError(t, err, "httpx: round trip: 3 attempts: connection reset by peer; status 599; lookup : ")
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	var status httpx.StatusError
	require.ErrorAs(t, err, &status)
	assert.EqualValues(t, 599, status)
	assert.EqualError(t, httpx.StatusError(503), "status 503 Service Unavailable")
	assert.True(t, failure(t, err).Timeout(), "the last one was")
	assert.False(t, httpx.Attempts{&net.DNSError{IsTimeout: true}, io.EOF}.Timeout())
	assert.False(t, httpx.Attempts{}.Timeout())
}

// TestRetryOfAttempts has a round tripper below that tries more than once itself.
func TestRetryOfAttempts(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	verify := &tls.CertificateVerificationError{Err: errors.New("expired")}
	for name, test := range map[string]struct {
		method string
		errs   httpx.Attempts
		sent   int
	}{
		"post, not sent":                    {"POST", httpx.Attempts{dial, dial}, 3},
		"post, misdirected and not sent":    {"POST", httpx.Attempts{httpx.StatusError(421), dial}, 3},
		"post, not sent, and sent":          {"POST", httpx.Attempts{dial, reset}, 1},
		"post, sent, and not sent":          {"POST", httpx.Attempts{reset, dial}, 1},
		"get, nothing lasts":                {"GET", httpx.Attempts{dial, reset}, 3},
		"get, certificate of one of them":   {"GET", httpx.Attempts{verify, reset}, 3},
		"get, certificate of both of them":  {"GET", httpx.Attempts{verify, verify}, 1},
		"post, certificate of one of them":  {"POST", httpx.Attempts{verify, reset}, 1},
		"post, a list without any attempts": {"POST", httpx.Attempts{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			rt := newRetry(t, tripper(func(*http.Request) (*http.Response, error) {
				n++
				return nil, &httpx.Error{Op: "round trip", Err: test.errs}
			}), quick())
			_, err := rt.RoundTrip(request(t, test.method, "http://a/", nil))
			require.Error(t, err)
			assert.Equal(t, test.sent, n)
		})
	}
}

// TestRetryAfterRefusal has a server that accepts from the third conn on.
func TestRetryAfterRefusal(t *testing.T) {
	noLeak(t)
	s, tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})
	n := 0
	tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if n++; n < 3 {
			address = "127.0.0.1:1"
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	resp, err := newRetry(t, tr, quick()).RoundTrip(request(t, "POST", s.URL, strings.NewReader("x")))
	require.NoError(t, err)
	assert.Equal(t, "x", finish(t, resp))
	assert.Equal(t, 3, n)
}

// TestRetryAfterReset has a server that cuts conns after it has read the request.
func TestRetryAfterReset(t *testing.T) {
	noLeak(t)
	var n atomic.Int64
	s, tr := serve(t, func(_ http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%3 != 0 {
			panic(http.ErrAbortHandler)
		}
	})
	_, _, err := get(t, newRetry(t, tr, quick()), s.URL)
	require.NoError(t, err)
	_, err = newRetry(t, tr, quick()).RoundTrip(request(t, "POST", s.URL, strings.NewReader("x")))
	assert.Error(t, err)
	assert.EqualValues(t, 4, n.Load())
}

func TestRetryTryTimeout(t *testing.T) {
	noLeak(t)
	const short, long = 50 * time.Millisecond, 500 * time.Millisecond
	for _, h2 := range []bool{false, true} {
		var n atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1)%3 != 0 {
				<-r.Context().Done()
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(long + 10*time.Millisecond) // the body may take longer than an attempt
			io.WriteString(w, "hello")
		}))
		s.EnableHTTP2, s.Config.ErrorLog = h2, discardLog
		s.StartTLS()
		defer s.Close()
		c := quick()
		tr := s.Client().Transport.(*http.Transport)
		warm(t, tr, s, &n)
		c.TryTimeout, c.Attempts = short, 2
		_, _, err := get(t, newRetry(t, tr, c), s.URL)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.True(t, failure(t, err).Timeout())
		assert.ErrorContains(t, err, "2 attempts: no response within TryTimeout; no response within TryTimeout")
		n.Store(1)
		c.TryTimeout, c.Attempts = long, 20 // under load an attempt that is answered may be late too
		c.Budget.Burst = 20
		resp, body, err := get(t, newRetry(t, tr, c), s.URL)
		require.NoError(t, err)
		assert.Equal(t, "hello", body)
		assert.Equal(t, h2, resp.ProtoMajor == 2)
		tr.CloseIdleConnections()
	}
}

// warm opens the conn, whose handshake takes its time under the race detector.
func warm(t *testing.T, tr http.RoundTripper, s *httptest.Server, n *atomic.Int64) {
	t.Helper()
	n.Store(2)
	_, _, err := get(t, tr, s.URL)
	require.NoError(t, err)
	n.Store(0)
}

// TestRetryTryTimeoutIsLate has a transport that answers in spite of the end of its context.
func TestRetryTryTimeoutIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := track("late")
		c := quick()
		c.TryTimeout, c.Attempts = time.Second, 1
		_, err := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return answer(req, 200, body), nil
		}), c).RoundTrip(request(t, "GET", "http://a/", nil))
		assert.ErrorContains(t, err, "TryTimeout")
		assert.EqualValues(t, 1, body.closed.Load())
	})
}

// TestRetryWaits counts in virtual time.
func TestRetryWaits(t *testing.T) {
	at := func(t *testing.T, c httpx.RetryConfig, header ...string) (waits []time.Duration) {
		start := time.Now()
		rt := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) {
			waits = append(waits, time.Since(start))
			start = time.Now()
			return answer(req, 503, track(""), header...), nil
		}), &c)
		resp, err := rt.RoundTrip(request(t, "GET", "http://a/", nil))
		require.NoError(t, err)
		assert.Equal(t, 503, resp.StatusCode)
		return waits[1:]
	}
	synctest.Test(t, func(t *testing.T) {
		different := make(map[time.Duration]bool)
		for range 20 {
			c := httpx.RetryConfig{Attempts: 7, Backoff: time.Second, MaxBackoff: 5 * time.Second}
			for i, wait := range at(t, c) {
				assert.Less(t, wait, min(5*time.Second, time.Second<<i))
				different[wait] = true
			}
		}
		assert.Len(t, different, 120, "full jitter")
		for _, wait := range at(t, httpx.RetryConfig{Backoff: time.Second}, "Retry-After", "5") {
			assert.GreaterOrEqual(t, wait, 5*time.Second)
			assert.Less(t, wait, 7*time.Second)
		}
		assert.Empty(t, at(t, httpx.RetryConfig{MaxRetryAfter: -1}, "Retry-After", "0"))
		for _, wait := range at(t, httpx.RetryConfig{MaxRetryAfter: 1<<63 - 1, Attempts: 2, Backoff: 1}, "Retry-After", "100000000") {
			assert.GreaterOrEqual(t, wait, 100000000*time.Second)
		}
	})
}

func TestRetryHonoursTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &httpx.RetryConfig{Backoff: time.Hour, MaxBackoff: time.Hour}
		n := 0
		rt := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) {
			n++
			return answer(req, 503, track("no"), "Retry-After", "3"), nil
		}), c)
		// Cancelled while it waits.
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		_, err := rt.RoundTrip(request(t, "GET", "http://a/", nil).WithContext(ctx))
		assert.ErrorIs(t, err, gone)
		assert.ErrorIs(t, err, httpx.StatusError(503))
		assert.Equal(t, 1, n)
		// A wait that cannot end in time is not begun: the response is worth more.
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
		defer stop()
		start := time.Now()
		resp, err := rt.RoundTrip(request(t, "GET", "http://a/", nil).WithContext(ctx))
		require.NoError(t, err)
		assert.Equal(t, "no", finish(t, resp))
		assert.Zero(t, time.Since(start))
		// Ended before the answer came.
		ctx, cancel = context.WithCancelCause(t.Context())
		cancel(gone)
		_, err = rt.RoundTrip(request(t, "GET", "http://a/", nil).WithContext(ctx))
		require.NoError(t, err)
		assert.Equal(t, 3, n)
	})
}

// TestRetryBudget shows that an outage gets a fifth more requests, not three times as many.
func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		rt := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) {
			sent.Add(1)
			return answer(req, 503, track("")), nil
		}), nil)
		var group sync.WaitGroup
		for range 10_000 { // 1,000 requests a second for 10 s
			group.Go(func() {
				if resp, err := rt.RoundTrip(request(t, "GET", "http://a/", nil)); assert.NoError(t, err) {
					resp.Body.Close()
				}
			})
			time.Sleep(time.Millisecond)
		}
		group.Wait()
		stats := rt.Stats()
		assert.EqualValues(t, 10_000, stats.Requests)
		assert.EqualValues(t, sent.Load()-10_000, stats.Retries)
		assert.LessOrEqual(t, sent.Load(), int64(10_000+10+2_000+12))
		assert.Greater(t, sent.Load(), int64(11_900), "the budget is used")
		assert.Greater(t, stats.OverBudget, uint64(7_000))
	})
}

func TestRetryBudgetRefills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := quick()
		c.Attempts = 100
		c.Budget = httpx.Budget{Ratio: -1, PerSecond: 2, Burst: 5}
		rt := newRetry(t, tripper(func(_ *http.Request) (*http.Response, error) {
			return nil, io.ErrUnexpectedEOF
		}), c)
		try := func(want uint64) {
			before := rt.Stats().Retries
			_, err := rt.RoundTrip(request(t, "GET", "http://a/", nil))
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, want, rt.Stats().Retries-before)
		}
		try(5)
		try(0)
		time.Sleep(time.Second)
		try(2)
		time.Sleep(time.Hour)
		try(5)
	})
}

// TestRetryUnderLoad is for the race detector: a server that refuses, cuts and serves.
func TestRetryUnderLoad(t *testing.T) {
	noLeak(t)
	var n atomic.Int64
	s, tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		switch m := n.Add(1); {
		case err != nil || m%7 == 0:
			panic(http.ErrAbortHandler)
		case m%5 == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		w.Write(data)
	})
	c := quick()
	c.Attempts, c.Budget = 20, httpx.Budget{Burst: 1e6}
	rt := newRetry(t, tr, c)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				resp, err := rt.RoundTrip(request(t, "PUT", s.URL, strings.NewReader("hello")))
				if assert.NoError(t, err) {
					assert.Equal(t, "hello", finish(t, resp))
				}
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 400, rt.Stats().Requests)
}

// TestRetryKeepsUpgrades sends through the body of a 101.
func TestRetryKeepsUpgrades(t *testing.T) {
	noLeak(t)
	s, tr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer conn.Close()
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		io.Copy(conn, rw)
	})
	c := quick()
	c.TryTimeout = time.Minute
	req := request(t, "GET", s.URL, nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	resp, err := newRetry(t, tr, c).RoundTrip(req)
	require.NoError(t, err)
	require.Equal(t, 101, resp.StatusCode)
	stream := resp.Body.(io.ReadWriteCloser)
	io.WriteString(stream, "hello")
	require.NoError(t, stream.(interface{ CloseWrite() error }).CloseWrite())
	assert.Equal(t, "hello", finish(t, resp))
}

// writer is a body that cannot be closed in one direction only.
type writer struct{ *tracked }

func (writer) Write(p []byte) (int, error) { return len(p), nil }

func TestRetrySaysWhatUpgradesLack(t *testing.T) {
	c := quick()
	c.TryTimeout = time.Minute
	resp, err := newRetry(t, tripper(func(req *http.Request) (*http.Response, error) {
		resp := answer(req, 101, nil)
		resp.Body = writer{track("")}
		return resp, nil
	}), c).RoundTrip(request(t, "GET", "http://a/", nil))
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.ErrorIs(t, resp.Body.(interface{ CloseWrite() error }).CloseWrite(), errors.ErrUnsupported)
}

// TestRetryTakesResponsesWithoutBody is about round trippers that are less careful than net/http.
func TestRetryTakesResponsesWithoutBody(t *testing.T) {
	c := quick()
	_, err := newRetry(t, tripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusServiceUnavailable}, nil
	}), c).RoundTrip(request(t, "GET", "http://a/", nil))
	require.NoError(t, err)
	c.TryTimeout = time.Minute
	resp, err := newRetry(t, tripper(func(_ *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusServiceUnavailable}, nil
	}), c).RoundTrip(request(t, "GET", "http://a/", nil))
	require.NoError(t, err)
	assert.Equal(t, http.NoBody, resp.Body)
}

func TestRetryWorksInAClient(t *testing.T) {
	noLeak(t)
	rt := newRetry(t, tripper(func(_ *http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Err: context.DeadlineExceeded}
	}), quick())
	_, err := (&http.Client{Transport: rt}).Get("http://a/")
	var e *url.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Timeout())
}
