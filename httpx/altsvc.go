package httpx

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// AltSvc is a round tripper that follows the announcements of HTTP/3 in Alt-Svc fields (RFC
// 7838). It is safe for concurrent use.
//
// What an https origin announces over TLS is remembered: "h3" only, no drafts. The next request
// to it that is safe to repeat ([Retry] says which; a body needs GetBody) goes by
// HTTP/3 with a head start, and then also by the round tripper underneath; the first
// answer counts. An alternative that fails or is slower is left alone for some time:
// a path that swallows UDP costs one request the head start. What is not safe to repeat goes
// by HTTP/3 only within 10 s of an answer that came by it.
//
// Requests that switch protocols, and those whose Host is not that of the URL, go
// underneath. A 421 from an alternative is a failure of it, and the request is sent again.
type AltSvc struct {
	next   http.RoundTripper
	config AltSvcConfig
	cache  *altCache

	requests, http3, raced, failed atomic.Uint64
}

// AltSvcStats counts since the start.
type AltSvcStats struct {
	// Requests came in.
	Requests uint64
	// HTTP3 were answered by HTTP/3.
	HTTP3 uint64
	// Raced were sent both ways: HTTP/3 did not answer within its head start, or failed.
	Raced uint64
	// Failed is how often an alternative failed or was too slow.
	Failed uint64
	// Origins is how many origins with alternatives are remembered now.
	Origins int
}

// NewAltSvc returns an AltSvc that sends with next what cannot go by cfg.HTTP3.
func NewAltSvc(next http.RoundTripper, cfg *AltSvcConfig) (*AltSvc, error) {
	c := cfg.clone()
	if err := joined(nextOf(next), c.check); err != nil {
		return nil, err
	}
	return &AltSvc{next: next, config: c, cache: newAltCache(c)}, nil
}

// CloseIdleConnections closes those of both round trippers.
func (t *AltSvc) CloseIdleConnections() {
	closeIdle(t.config.HTTP3)
	closeIdle(t.next)
}

// NetworkChanged has to be called when the host moved to another network: alternatives
// are forgotten unless they were announced with persist=1, and the failures of
// those that are kept.
func (t *AltSvc) NetworkChanged() { t.cache.networkChanged() }

// Stats returns the counters.
func (t *AltSvc) Stats() AltSvcStats {
	return AltSvcStats{
		Requests: t.requests.Load(), HTTP3: t.http3.Load(), Raced: t.raced.Load(), Failed: t.failed.Load(),
		Origins: t.cache.len(),
	}
}

// RoundTrip implements [http.RoundTripper].
func (t *AltSvc) RoundTrip(req *http.Request) (*http.Response, error) {
	t.requests.Add(1)
	if !announces(req) {
		return t.next.RoundTrip(req)
	}
	resp, err := t.send(req)
	if err == nil {
		t.cache.learn(req.URL, resp)
		resp.Request = req
	}
	return resp, err
}

// announces reports whether the origin that answers is the one of the URL.
func announces(req *http.Request) bool {
	return req.URL != nil && req.URL.Scheme == "https" && req.URL.Host != "" && req.Method != http.MethodConnect &&
		(req.Host == "" || strings.EqualFold(req.Host, req.URL.Host))
}

func (t *AltSvc) send(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Upgrade") != "" { // HTTP/1.1's way to switch
		return t.next.RoundTrip(req)
	}
	repeats := repeatable(req)
	service, wait := t.cache.pick(req.URL, repeats)
	if service == nil {
		return t.next.RoundTrip(req)
	}
	source, _ := newReplay(req, 0) // reads no body, so that nothing can fail
	r := &altRace{AltSvc: t, service: service, req: req, source: source, begin: time.Now()}
	if !repeats {
		return r.alone()
	}
	return r.run(wait)
}

// instead is the request for an alternative: its context and Alt-Used say which.
func instead(req *http.Request, address string) *http.Request {
	r := req.WithContext(context.WithValue(req.Context(), altSvcKey{}, address))
	r.Header = req.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Alt-Used", strings.TrimSuffix(address, ":443"))
	return r
}
