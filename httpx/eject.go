package httpx

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// ErrEjected is in the errors of requests that were not sent, because their upstream is ejected.
var ErrEjected = errors.New("upstream is ejected")

// EjectedError says that a request was not sent to an upstream that has failed too
// often. It unwraps to [ErrEjected] and to the last failure.
type EjectedError struct {
	// Upstream is its key.
	Upstream string
	// Until is when it is tried again. It has passed while a probe is under way.
	Until time.Time
	// Err is the failure that made it ejected: a [StatusError] for a status.
	Err error
}

// Error returns "http://a:80: upstream is ejected: status 503 Service Unavailable".
func (e *EjectedError) Error() string {
	return e.Upstream + ": " + ErrEjected.Error() + ": " + e.Err.Error()
}

// Unwrap returns ErrEjected and the last failure.
func (e *EjectedError) Unwrap() []error { return []error{ErrEjected, e.Err} }

// Ejector is a round tripper that leaves upstreams alone that fail, so that
// requests do not wait for them, nor add to their load: a circuit breaker for each
// upstream, or, with targets, a choice among those that work. It is safe for concurrent use.
// It goes by the requests that pass, and sends none of its own.
type Ejector struct {
	next      http.RoundTripper
	config    EjectorConfig
	upstreams *upstreams
	turn      atomic.Uint64
}

// NewEjector returns an Ejector that sends with next. A nil config is the zero one.
func NewEjector(next http.RoundTripper, cfg *EjectorConfig) (*Ejector, error) {
	c := cfg.clone()
	if err := joined(nextOf(next), c.checkOf(cfg)); err != nil {
		return nil, err
	}
	e := &Ejector{next: next, config: c, upstreams: newUpstreams(c)}
	for _, t := range c.Targets { // known from the start, for MaxShare
		e.upstreams.find(t.String())
	}
	return e, nil
}

// CloseIdleConnections closes those of the round tripper underneath.
func (e *Ejector) CloseIdleConnections() { closeIdle(e.next) }

// Ejected returns the keys of the upstreams that are ejected, and when each is
// tried again. The time has passed of one that waits for a probe or its answer.
func (e *Ejector) Ejected() map[string]time.Time { return e.upstreams.list() }

// RoundTrip implements [http.RoundTripper].
func (e *Ejector) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL == nil {
		return e.next.RoundTrip(req) // which says what is wrong
	}
	sent, u, probe, err := e.choose(req)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &Error{Op: "round trip", Err: err}
	}
	reported := false
	defer func() {
		if probe && !reported { // a round tripper or a hook that panics
			e.upstreams.abandon(u)
		}
	}()
	resp, err := e.next.RoundTrip(sent)
	if err == nil {
		resp.Request = req
	}
	if err == nil || !errors.Is(req.Context().Err(), context.Canceled) { // the caller's own doing says nothing
		e.report(req, u, probe, resp, err)
		reported = true
	}
	return resp, err
}

func (e *Ejector) report(req *http.Request, u *upstream, probe bool, resp *http.Response, err error) {
	failed := e.config.Failed(resp, err)
	if failed && err == nil {
		err = StatusError(resp.StatusCode)
	}
	c := e.upstreams.report(u, probe, failed, err)
	if c.kind == 0 || e.config.OnEvent == nil {
		return
	}
	if c.kind == Restored {
		err = nil
	}
	e.config.OnEvent(Event{
		Kind: c.kind, Context: req.Context(), Request: req, Upstream: c.key, Status: statusOf(err), Duration: c.lasts, Err: err,
	})
}

// choose returns the request as it has to be sent, and its upstream.
func (e *Ejector) choose(req *http.Request) (*http.Request, *upstream, bool, error) {
	if len(e.config.Targets) == 0 {
		u, probe, err := e.upstreams.admit(e.config.Key(req))
		return req, u, probe, err
	}
	var errs []error
	n := uint64(len(e.config.Targets))
	first := e.turn.Add(1) - 1
	for i := range n {
		t := e.config.Targets[(first+i)%n]
		u, probe, err := e.upstreams.admit(t.String())
		if err == nil {
			return redirected(req, t.Scheme, t.Host), u, probe, nil
		}
		errs = append(errs, err)
	}
	return nil, nil, false, errors.Join(errs...)
}

// redirected is the request for another target, with the Host field that it had.
func redirected(req *http.Request, scheme, host string) *http.Request {
	r := req.WithContext(req.Context())
	u := *req.URL
	u.Scheme, u.Host = scheme, host
	if r.Host == "" {
		r.Host = req.URL.Host
	}
	r.URL = &u
	return r
}
