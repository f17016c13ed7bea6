package httpx_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// way is one of the two ways to an origin.
type way struct {
	mu        sync.Mutex
	after     time.Duration // to the answer
	status    int
	err       error
	header    http.Header
	plain     bool // no TLS
	sent      []sent
	cancelled int
	bodies    []*tracked
}

// sent is what a way was given.
type sent struct{ body, altUsed, address string }

func (w *way) RoundTrip(req *http.Request) (*http.Response, error) {
	address, ok := httpx.AltSvcAddress(req.Context())
	w.mu.Lock()
	own := way{after: w.after, status: w.status, err: w.err, header: w.header.Clone(), plain: w.plain}
	body := track("hello")
	w.sent = append(w.sent, sent{consume(req), req.Header.Get("Alt-Used"), address})
	w.mu.Unlock()
	if ok != (address != "") {
		panic("an address without a host")
	}
	select {
	case <-req.Context().Done():
		w.mu.Lock()
		w.cancelled++
		w.mu.Unlock()
		return nil, context.Cause(req.Context())
	case <-time.After(own.after):
	}
	if own.err != nil {
		return nil, own.err
	}
	w.mu.Lock()
	w.bodies = append(w.bodies, body)
	w.mu.Unlock()
	resp := answer(req, own.status, body)
	resp.Header = own.header
	if !own.plain {
		resp.TLS = &tls.ConnectionState{}
	}
	return resp, nil
}

// count returns how often the way was taken since the last call.
func (w *way) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.sent)
	w.sent = nil
	return n
}

func (w *way) set(f func(*way)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

const never = 1000 * time.Hour

// ways returns an AltSvc between two ways; next announces h3.
func ways(t *testing.T, cfg httpx.AltSvcConfig) (rt *httpx.AltSvc, h3, next *way) {
	t.Helper()
	h3 = &way{status: 203}
	next = &way{status: 200, header: http.Header{"Alt-Svc": {`h3=":443"`}}}
	cfg.HTTP3 = h3
	rt, err := httpx.NewAltSvc(next, &cfg)
	require.NoError(t, err)
	return rt, h3, next
}

// visit sends a GET to https://a/ and returns what was answered: 203 is h3's.
func visit(t *testing.T, rt http.RoundTripper, url string) int {
	t.Helper()
	req := request(t, "GET", url, nil)
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	require.Same(t, req, resp.Request)
	require.Empty(t, req.Header)
	finish(t, resp)
	return resp.StatusCode
}
