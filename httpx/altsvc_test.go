package httpx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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

func TestAltSvcConfig(t *testing.T) {
	_, err := httpx.NewAltSvc(nil, &httpx.AltSvcConfig{HeadStart: -1, Broken: -1, MaxBroken: -2, MaxAge: -1, MaxOrigins: -1})
	assert.Equal(t, []string{"next", "HTTP3", "HeadStart", "Broken", "MaxBroken", "MaxAge", "MaxOrigins"}, fields(err))
	_, err = httpx.NewAltSvc(http.DefaultTransport, nil)
	assert.Equal(t, "HTTP3", failure(t, err).Field)
	next, h3 := &idler{RoundTripper: http.DefaultTransport}, &idler{RoundTripper: http.DefaultTransport}
	rt, err := httpx.NewAltSvc(next, &httpx.AltSvcConfig{HTTP3: h3})
	require.NoError(t, err)
	rt.CloseIdleConnections()
	assert.EqualValues(t, 1, next.closed.Load())
	assert.EqualValues(t, 1, h3.closed.Load())
}

func TestAltSvcFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, next := ways(t, httpx.AltSvcConfig{DialsAlternative: true})
		next.header.Set("Alt-Svc", `h3="Alt.test:8443"`)
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		assert.Equal(t, 203, visit(t, rt, "https://A:443/x"))
		assert.Equal(t, 203, visit(t, rt, "https://a/"))
		assert.Equal(t, 200, visit(t, rt, "https://a:444/"), "another origin")
		assert.Equal(t, sent{"", "alt.test:8443", "alt.test:8443"}, h3.sent[0])
		assert.Equal(t, sent{}, next.sent[0])
		assert.Equal(t, httpx.AltSvcStats{Requests: 4, HTTP3: 2, Origins: 2}, rt.Stats())
		// HTTP/3 announces as well.
		h3.header = http.Header{"Alt-Svc": {"clear"}}
		assert.Equal(t, 203, visit(t, rt, "https://a/"))
		next.header = nil
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		assert.Equal(t, 1, rt.Stats().Origins)
		for _, body := range append(h3.bodies, next.bodies...) {
			assert.EqualValues(t, 1, body.closed.Load())
		}
	})
}

// TestAltSvcBelieves has announcements that count, and such that do not.
func TestAltSvcBelieves(t *testing.T) {
	for name, test := range map[string]struct {
		url     string // "https://a/" if it is ""
		header  http.Header
		status  int
		plain   bool
		change  func(*http.Request)
		dials   bool
		address string // "" if it does not count
	}{
		"same host":             {header: http.Header{"Alt-Svc": {`h3=":443"`}}, address: "a:443"},
		"same host by name":     {header: http.Header{"Alt-Svc": {`h3="A:443"`}}, address: "a:443"},
		"IPv6":                  {url: "https://[::1]/", header: http.Header{"Alt-Svc": {`h3=":443"`}}, address: "[::1]:443"},
		"Host of the URL":       {header: http.Header{"Alt-Svc": {`h3=":443"`}}, change: func(r *http.Request) { r.Host = "" }, address: "a:443"},
		"second of the list":    {header: http.Header{"Alt-Svc": {`h2=":443"`, `h3-29=":443", h3=":443"`}}, address: "a:443"},
		"other port":            {header: http.Header{"Alt-Svc": {`h3=":8443"`}}},
		"other host":            {header: http.Header{"Alt-Svc": {`h3="b:443"`}}},
		"other port, dialled":   {header: http.Header{"Alt-Svc": {`h3=":8443"`}}, dials: true, address: "a:8443"},
		"other host, dialled":   {header: http.Header{"Alt-Svc": {`h3="b:443"`}}, dials: true, address: "b:443"},
		"draft":                 {header: http.Header{"Alt-Svc": {`h3-29=":443"`}}},
		"upper case":            {header: http.Header{"Alt-Svc": {`H3=":443"`}}},
		"broken":                {header: http.Header{"Alt-Svc": {`h3=":443`}}},
		"clear":                 {header: http.Header{"Alt-Svc": {"clear"}}},
		"over at once":          {header: http.Header{"Alt-Svc": {`h3=":443"; ma=0`}}},
		"over by its age":       {header: http.Header{"Alt-Svc": {`h3=":443"; ma=60`}, "Age": {"60"}}},
		"not over by its age":   {header: http.Header{"Alt-Svc": {`h3=":443"; ma=60`}, "Age": {"59"}}, address: "a:443"},
		"an error page":         {status: 500, header: http.Header{"Alt-Svc": {`h3=":443"`}}, address: "a:443"},
		"misdirected":           {status: 421, header: http.Header{"Alt-Svc": {`h3=":443"`}}},
		"without TLS":           {plain: true, header: http.Header{"Alt-Svc": {`h3=":443"`}}},
		"http":                  {url: "http://a/", header: http.Header{"Alt-Svc": {`h3=":443"`}}},
		"in the name of others": {header: http.Header{"Alt-Svc": {`h3=":443"`}}, change: func(r *http.Request) { r.Host = "b" }},
		"CONNECT":               {header: http.Header{"Alt-Svc": {`h3=":443"`}}, change: func(r *http.Request) { r.Method = "CONNECT" }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt, h3, next := ways(t, httpx.AltSvcConfig{DialsAlternative: test.dials})
				next.header, next.plain = test.header, test.plain
				if test.status != 0 {
					next.status = test.status
				}
				if test.url == "" {
					test.url = "https://a/"
				}
				for range 2 {
					req := request(t, "GET", test.url, nil)
					if test.change != nil {
						test.change(req)
					}
					resp, err := rt.RoundTrip(req)
					require.NoError(t, err)
					finish(t, resp)
				}
				if test.address == "" {
					assert.Empty(t, h3.sent)
					assert.Zero(t, rt.Stats().Origins)
					return
				}
				require.Len(t, h3.sent, 1)
				assert.Equal(t, test.address, h3.sent[0].address)
				assert.Equal(t, strings.TrimSuffix(test.address, ":443"), h3.sent[0].altUsed)
			})
		})
	}
}

// TestAltSvcLeavesSomeRequestsAlone knows an alternative, and does not use it.
func TestAltSvcLeavesSomeRequestsAlone(t *testing.T) {
	rt, h3, _ := ways(t, httpx.AltSvcConfig{HeadStart: time.Minute})
	visit(t, rt, "https://a/")
	for name, change := range map[string]func(*http.Request){
		"upgrade":    func(r *http.Request) { r.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}} },
		"other host": func(r *http.Request) { r.Host = "b" },
		"http":       func(r *http.Request) { r.URL.Scheme = "http" },
	} {
		req := request(t, "GET", "https://a/", nil)
		change(req)
		resp, err := rt.RoundTrip(req)
		require.NoError(t, err, name)
		finish(t, resp)
		assert.Zero(t, h3.count(), name)
	}
	req := request(t, "GET", "https://a/", nil)
	req.Header = nil
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	finish(t, resp)
	assert.Equal(t, 1, h3.count())
}

// TestAltSvcBlackHole has a path that swallows what is sent by HTTP/3.
func TestAltSvcBlackHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, next := ways(t, httpx.AltSvcConfig{HeadStart: time.Second, Broken: time.Minute, MaxBroken: 3 * time.Minute})
		h3.after = never
		visit(t, rt, "https://a/")
		took := func() time.Duration {
			start := time.Now()
			assert.Equal(t, 200, visit(t, rt, "https://a/"))
			return time.Since(start)
		}
		for i, pause := range []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 3 * time.Minute} {
			next.count()
			assert.Equal(t, time.Second, took(), "the head start")
			assert.Equal(t, 1, h3.count())
			synctest.Wait()
			assert.Equal(t, i+1, h3.cancelled)
			for range 10 { // nothing while it is remembered
				time.Sleep(pause/10 - time.Millisecond)
				assert.Zero(t, took())
			}
			assert.Zero(t, h3.count())
			assert.Equal(t, 11, next.count())
			time.Sleep(time.Second)
		}
		assert.EqualValues(t, 4, rt.Stats().Failed)
		assert.EqualValues(t, 4, rt.Stats().Raced)
		// The path is there again.
		h3.set(func(w *way) { w.after = 0 })
		assert.Equal(t, 203, visit(t, rt, "https://a/"))
		// It goes away while HTTP/3 is in use.
		time.Sleep(time.Hour)
		assert.Equal(t, 203, visit(t, rt, "https://a/"))
		h3.set(func(w *way) { w.after = never })
		assert.Equal(t, time.Second, took())
		time.Sleep(time.Minute - time.Millisecond)
		assert.Zero(t, took(), "as long as the first time")
	})
}

// TestAltSvcFallsBack at once when HTTP/3 says that it cannot.
func TestAltSvcFallsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, _ := ways(t, httpx.AltSvcConfig{})
		visit(t, rt, "https://a/")
		h3.err = io.EOF
		start := time.Now()
		req := request(t, "PUT", "https://a/", strings.NewReader("body"))
		resp, err := rt.RoundTrip(req)
		require.NoError(t, err)
		finish(t, resp)
		assert.Equal(t, 200, resp.StatusCode)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, "body", h3.sent[0].body)
		assert.Equal(t, 1, h3.count())
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		assert.Zero(t, h3.count(), "it is remembered")
	})
}

// TestAltSvcRaces has both ways slow.
func TestAltSvcRaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, next := ways(t, httpx.AltSvcConfig{HeadStart: time.Second})
		visit(t, rt, "https://a/")
		h3.after, next.after = 3*time.Second, 5*time.Second
		start := time.Now()
		assert.Equal(t, 203, visit(t, rt, "https://a/"))
		assert.Equal(t, 3*time.Second, time.Since(start))
		synctest.Wait()
		assert.Equal(t, 1, next.cancelled)
		assert.EqualValues(t, 1, rt.Stats().Raced)
		// What is slow by nature is not sent twice from then on.
		next.count()
		for range 5 {
			assert.Equal(t, 203, visit(t, rt, "https://a/"))
		}
		assert.Zero(t, next.count())
		// But ten head starts are the end.
		h3.set(func(w *way) { w.after = never })
		next.set(func(w *way) { w.after = 0 })
		start = time.Now()
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		assert.Equal(t, 7*time.Second, time.Since(start))
	})
}

func TestAltSvcHeadStartIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, next := ways(t, httpx.AltSvcConfig{HeadStart: time.Second})
		visit(t, rt, "https://a/")
		h3.after, next.after = time.Minute, time.Hour
		assert.Equal(t, 203, visit(t, rt, "https://a/"))
		h3.after, next.after = never, 0
		start := time.Now()
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		assert.Equal(t, 10*time.Second, time.Since(start))
	})
}

// TestAltSvcProbesWithOne has many requests at the moment when the alternative becomes known.
func TestAltSvcProbesWithOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, _ := ways(t, httpx.AltSvcConfig{})
		visit(t, rt, "https://a/")
		h3.after = 100 * time.Millisecond
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() { visit(t, rt, "https://a/") })
		}
		group.Wait()
		assert.Equal(t, 1, h3.count())
		for range 10 {
			group.Go(func() { assert.Equal(t, 203, visit(t, rt, "https://a/")) })
		}
		group.Wait()
		assert.Equal(t, 10, h3.count())
		// Failures of requests that were under way together count once.
		h3.after, h3.err = time.Millisecond, io.EOF
		for range 10 {
			group.Go(func() { assert.Equal(t, 200, visit(t, rt, "https://a/")) })
		}
		group.Wait()
		h3.after, h3.err = 0, nil
		time.Sleep(time.Minute)
		assert.Equal(t, 203, visit(t, rt, "https://a/"))
	})
}

func TestAltSvcErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, next := ways(t, httpx.AltSvcConfig{HeadStart: time.Second})
		visit(t, rt, "https://a/")
		for _, after := range []time.Duration{0, 5 * time.Second} { // HTTP/3 fails before or after the other
			h3.set(func(w *way) { w.err, w.after = io.ErrUnexpectedEOF, after })
			next.set(func(w *way) { w.err = io.ErrClosedPipe })
			_, err := rt.RoundTrip(request(t, "GET", "https://a/", nil))
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.ErrorIs(t, err, io.ErrClosedPipe)
			assert.Equal(t, "round trip", failure(t, err).Op)
		}
		// That was no proof against HTTP/3.
		h3.set(func(w *way) { w.err, w.after = nil, 5*time.Second })
		assert.Equal(t, 203, visit(t, rt, "https://a/"), "what fails first need not be the end")
		// The caller has enough.
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Millisecond, func() { cancel(gone) })
		_, err := rt.RoundTrip(request(t, "GET", "https://a/", nil).WithContext(ctx))
		assert.ErrorIs(t, err, gone)
		synctest.Wait()
		assert.Equal(t, 1, h3.cancelled)
		assert.Zero(t, rt.Stats().Failed)
		// A body that cannot be had again.
		h3.set(func(w *way) { w.err, w.after = io.ErrUnexpectedEOF, 0 })
		cause := errors.New("disk on fire")
		req := request(t, "PUT", "https://a/", strings.NewReader("x"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, cause }
		_, err = rt.RoundTrip(req)
		assert.ErrorIs(t, err, cause)
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
}

// TestAltSvcSendsOnce has requests that must not be sent twice.
func TestAltSvcSendsOnce(t *testing.T) {
	post := func(t *testing.T, rt http.RoundTripper, body io.Reader) (int, error) {
		resp, err := rt.RoundTrip(request(t, "POST", "https://a/", body))
		if err != nil {
			return 0, err
		}
		finish(t, resp)
		return resp.StatusCode, nil
	}
	dial := &net.OpError{Op: "dial", Err: io.EOF}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, rt http.RoundTripper)
		h3      func(*way)
		next    error
		body    func() io.Reader
		want    int
		err     error
		sent    [2]int
	}{
		"not proven":            {sent: [2]int{0, 1}, want: 200},
		"proven":                {prepare: prove, sent: [2]int{1, 0}, want: 203},
		"proven long ago":       {prepare: func(t *testing.T, rt http.RoundTripper) { prove(t, rt); time.Sleep(11 * time.Second) }, sent: [2]int{0, 1}, want: 200},
		"fails":                 {prepare: prove, h3: func(w *way) { w.err = io.EOF }, err: io.EOF, sent: [2]int{1, 0}},
		"has not been sent":     {prepare: prove, h3: func(w *way) { w.err = dial }, sent: [2]int{1, 1}, want: 200},
		"not sent, and no body": {prepare: prove, h3: func(w *way) { w.err = dial }, body: func() io.Reader { return track("x") }, sent: [2]int{1, 0}, err: dial},
		"both fail":             {prepare: prove, h3: func(w *way) { w.err = dial }, next: io.ErrClosedPipe, sent: [2]int{1, 1}, err: io.ErrClosedPipe},
		"misdirected":           {prepare: prove, h3: func(w *way) { w.status = 421 }, sent: [2]int{1, 1}, want: 200},
		"misdirected, no body":  {prepare: prove, h3: func(w *way) { w.status = 421 }, body: func() io.Reader { return track("x") }, sent: [2]int{1, 0}, want: 421},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt, h3, next := ways(t, httpx.AltSvcConfig{})
				visit(t, rt, "https://a/")
				if test.prepare != nil {
					test.prepare(t, rt)
				}
				if test.h3 != nil {
					test.h3(h3)
				}
				next.err = test.next
				h3.count()
				next.count()
				var body io.Reader = strings.NewReader("x")
				if test.body != nil {
					body = test.body()
				}
				got, err := post(t, rt, body)
				assert.Equal(t, test.want, got)
				assert.ErrorIs(t, err, test.err)
				for _, s := range append(h3.sent, next.sent...) {
					assert.Equal(t, "x", s.body)
				}
				took := [2]int{h3.count(), next.count()}
				assert.Equal(t, test.sent, took)
				if test.h3 != nil {
					next.err = nil
					assert.Equal(t, 200, visit(t, rt, "https://a/"), "the failure is remembered")
					assert.Zero(t, h3.count())
				}
			})
		})
	}
}

// prove makes an AltSvc know that HTTP/3 works.
func prove(t *testing.T, rt http.RoundTripper) {
	t.Helper()
	assert.Equal(t, 203, visit(t, rt, "https://a/"))
}

// TestAltSvcCancelledAlone does not blame HTTP/3 for what the caller does.
func TestAltSvcCancelledAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, next := ways(t, httpx.AltSvcConfig{})
		visit(t, rt, "https://a/")
		prove(t, rt)
		h3.after = time.Second
		next.count()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		_, err := rt.RoundTrip(request(t, "POST", "https://a/", nil).WithContext(ctx))
		assert.ErrorIs(t, err, context.Canceled)
		assert.Zero(t, rt.Stats().Failed)
		assert.Zero(t, next.count())
	})
}

// TestAltSvcMisdirected sends again what an alternative does not want.
func TestAltSvcMisdirected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, _ := ways(t, httpx.AltSvcConfig{})
		visit(t, rt, "https://a/")
		h3.status = http.StatusMisdirectedRequest
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		assert.EqualValues(t, 1, h3.bodies[0].closed.Load())
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		assert.Equal(t, 1, h3.count(), "not at once again, though it is announced again")
	})
}

func TestAltSvcAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, _, next := ways(t, httpx.AltSvcConfig{MaxAge: time.Hour, DialsAlternative: true})
		next.header.Set("Alt-Svc", `h3=":443"; ma=60, h3=":8443", h3=":443"`)
		visit(t, rt, "https://a/")
		next.header = nil
		prove(t, rt)
		time.Sleep(61 * time.Second)
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		prove(t, rt) // the second one
		time.Sleep(time.Hour)
		assert.Equal(t, 200, visit(t, rt, "https://a/"), "MaxAge")
		assert.Zero(t, rt.Stats().Origins)
	})
}

// TestAltSvcTakesTheSecond uses the next alternative when the first one is broken.
func TestAltSvcTakesTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, next := ways(t, httpx.AltSvcConfig{DialsAlternative: true})
		next.header.Set("Alt-Svc", `h3=":1", h3=":2", h3=":3", h3=":4", h3=":5"`)
		visit(t, rt, "https://a/")
		h3.err = io.EOF
		for range 10 {
			visit(t, rt, "https://a/")
		}
		var tried []string
		for _, s := range h3.sent {
			tried = append(tried, s.address)
		}
		assert.Equal(t, []string{"a:1", "a:2", "a:3", "a:4"}, tried, "four are enough")
	})
}

func TestAltSvcForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, _, _ := ways(t, httpx.AltSvcConfig{MaxOrigins: 2})
		for _, host := range []string{"a", "b"} {
			visit(t, rt, "https://"+host)
		}
		assert.Equal(t, 203, visit(t, rt, "https://a"))
		assert.Equal(t, 200, visit(t, rt, "https://c"), "in place of b")
		assert.Equal(t, 203, visit(t, rt, "https://a"))
		assert.Equal(t, 200, visit(t, rt, "https://b"))
		for i := range 1000 {
			visit(t, rt, fmt.Sprintf("https://host%d", i))
		}
		assert.Equal(t, 2, rt.Stats().Origins)
	})
}

func TestAltSvcNetworkChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt, h3, next := ways(t, httpx.AltSvcConfig{})
		visit(t, rt, "https://a/")
		next.header.Set("Alt-Svc", `h3=":443"; persist=1`)
		visit(t, rt, "https://b/")
		h3.err = io.EOF
		assert.Equal(t, 200, visit(t, rt, "https://b/"))
		h3.err = nil
		next.header = nil
		rt.NetworkChanged()
		assert.Equal(t, 200, visit(t, rt, "https://a/"))
		assert.Equal(t, 203, visit(t, rt, "https://b/"), "failures of the other network do not count")
		assert.Equal(t, 1, rt.Stats().Origins)
	})
}

// An origin is a TLS server that announces another one, which stands for its HTTP/3.
type origin struct {
	alternative string
	next, http3 *http.Transport
	hanging     atomic.Bool   // the alternative
	reached     chan struct{} // it has the request that hangs, for which the answer of the other waits
	ended       chan struct{} // that one was cancelled
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{reached: make(chan struct{}), ended: make(chan struct{})}
	alt := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.hanging.Load() {
			close(o.reached)
			<-r.Context().Done()
			close(o.ended)
			return
		}
		io.Copy(w, r.Body)
		io.WriteString(w, "alternative for "+r.Host+" "+r.Header.Get("Alt-Used"))
	}))
	alt.Config.ErrorLog = discardLog // conns that nobody needed any more
	alt.StartTLS()
	t.Cleanup(alt.Close)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, port, _ := net.SplitHostPort(alt.Listener.Addr().String())
		w.Header().Set("Alt-Svc", `h3="127.0.0.1:`+port+`"`)
		if o.hanging.Load() {
			<-o.reached
		}
		io.Copy(w, r.Body)
		io.WriteString(w, "origin")
	}))
	s.Config.ErrorLog = discardLog
	s.StartTLS()
	t.Cleanup(s.Close)
	tlsConfig := s.Client().Transport.(*http.Transport).TLSClientConfig
	o.alternative = alt.Listener.Addr().String()
	o.http3 = &http.Transport{
		TLSClientConfig: tlsConfig,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if alternative, ok := httpx.AltSvcAddress(ctx); ok {
				address = alternative
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	o.next = &http.Transport{TLSClientConfig: tlsConfig, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}}
	return o
}

// altSvc makes an AltSvc that goes both ways to the origin.
func (o *origin) altSvc(t *testing.T, headStart time.Duration) *httpx.AltSvc {
	t.Helper()
	rt, err := httpx.NewAltSvc(o.next, &httpx.AltSvcConfig{HTTP3: o.http3, DialsAlternative: true, HeadStart: headStart})
	require.NoError(t, err)
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// TestAltSvcOnRealConns verifies the name of the origin at the address of the alternative.
func TestAltSvcOnRealConns(t *testing.T) {
	noLeak(t)
	o := newOrigin(t)
	rt := o.altSvc(t, time.Minute)
	_, body, err := get(t, rt, "https://example.com/") // what httptest's certificates are for
	require.NoError(t, err)
	assert.Equal(t, "origin", body)
	_, body, err = get(t, rt, "https://example.com/")
	require.NoError(t, err)
	assert.Equal(t, "alternative for example.com "+o.alternative, body)
	resp, err := rt.RoundTrip(request(t, "POST", "https://example.com/", strings.NewReader("sent to the ")))
	require.NoError(t, err)
	assert.Equal(t, "sent to the alternative for example.com "+o.alternative, finish(t, resp))
	// The alternative hangs from now on: one that has announced itself just before.
	rt = o.altSvc(t, time.Millisecond)
	_, _, err = get(t, rt, "https://example.com/")
	require.NoError(t, err)
	o.hanging.Store(true)
	_, body, err = get(t, rt, "https://example.com/")
	require.NoError(t, err)
	assert.Equal(t, "origin", body)
	<-o.ended
}

// TestAltSvcVerifiesTheOrigin has an alternative whose certificate is for another name.
func TestAltSvcVerifiesTheOrigin(t *testing.T) {
	noLeak(t)
	alt := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("reached without a name")
	}))
	alt.Config.ErrorLog = discardLog
	alt.StartTLS()
	defer alt.Close()
	next := &way{status: 200, header: http.Header{"Alt-Svc": {`h3="` + alt.Listener.Addr().String() + `"`}}}
	h3 := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: alt.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			address, _ := httpx.AltSvcAddress(ctx)
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	rt, err := httpx.NewAltSvc(next, &httpx.AltSvcConfig{HTTP3: h3, DialsAlternative: true, HeadStart: time.Minute})
	require.NoError(t, err)
	for range 3 {
		assert.Equal(t, 200, visit(t, rt, "https://other.test/"))
	}
	assert.EqualValues(t, 1, rt.Stats().Failed)
}

// TestAltSvcUnderLoad is for the race detector.
func TestAltSvcUnderLoad(t *testing.T) {
	noLeak(t)
	rt := newOrigin(t).altSvc(t, time.Minute)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 40 {
				method := []string{"GET", "PUT", "POST"}[(i+j)%3]
				resp, err := rt.RoundTrip(request(t, method, "https://example.com/", strings.NewReader("x")))
				if assert.NoError(t, err) {
					assert.True(t, strings.HasPrefix(finish(t, resp), "x"))
				}
				rt.Stats()
				if j == 20 {
					rt.NetworkChanged()
				}
			}
		})
	}
	group.Wait()
	assert.Positive(t, rt.Stats().HTTP3)
}
