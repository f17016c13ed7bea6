package httpx

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// The lanes of a race for an alternative.
const (
	laneHTTP3 = iota
	laneNext
	altLanes
)

// altRace is one request of an AltSvc to an alternative.
type altRace struct {
	*AltSvc

	service *altService
	req     *http.Request
	source  *replay
	begin   time.Time
	race    *race
	both    bool // sent both ways
	told    bool // the hook knows
	errs    []error
}

// run sends by HTTP/3, and after a while underneath as well.
func (r *altRace) run(wait time.Duration) (*http.Response, error) {
	ctx := r.req.Context()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	r.race = newRace(altLanes)
	r.race.start(laneHTTP3, r.config.HTTP3, instead(r.source.req, r.service.address))
	for {
		select {
		case got := <-r.race.results:
			if r.good(got) {
				return r.race.win(got, r.req), nil
			}
			if len(r.errs) == altLanes {
				return r.lost(nil)
			}
			r.other()
		case <-timer.C:
			r.other()
		case <-ctx.Done():
			return r.lost(context.Cause(ctx))
		}
	}
}

// other sends the request underneath, once.
func (r *altRace) other() {
	if r.both {
		return
	}
	r.both = true
	r.raced.Add(1)
	req, err := r.source.next()
	if err != nil {
		r.race.results <- result{lane: laneNext, err: err}
		return
	}
	r.race.start(laneNext, r.next, req)
}

// good looks at what a lane has brought.
func (r *altRace) good(got result) bool {
	switch {
	case got.err != nil:
		r.errs = append(r.errs, got.err)
		return false
	case got.lane == laneNext: // HTTP/3 has failed, or is slow
		r.broken(errors.Join(r.errs...))
		return true
	case got.resp.StatusCode == http.StatusMisdirectedRequest:
		// It does not know the origin (RFC 7838, section 6).
		r.broken(StatusError(got.resp.StatusCode))
		discard(got.resp)
		r.errs = append(r.errs, StatusError(got.resp.StatusCode))
		return false
	}
	r.answered()
	return true
}

// lost ends a race that nobody has won.
func (r *altRace) lost(err error) (*http.Response, error) {
	r.race.stop(-1)
	r.cache.unknown(r.service)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	return nil, joinAttempts(r.errs)
}

// alone sends by HTTP/3 what cannot be sent twice, unless it has not been processed.
func (r *altRace) alone() (*http.Response, error) {
	resp, err := r.config.HTTP3.RoundTrip(instead(r.source.req, r.service.address))
	switch {
	case err == nil && resp.StatusCode != http.StatusMisdirectedRequest:
		r.answered()
		return resp, nil
	case r.req.Context().Err() != nil:
		return resp, err
	}
	why := err
	if err == nil {
		why = StatusError(resp.StatusCode)
	}
	r.broken(why)
	if r.source.again == nil || err != nil && !unsent(err) {
		return resp, err
	}
	if err == nil {
		discard(resp)
		err = StatusError(resp.StatusCode)
	}
	r.errs = append(r.errs, err)
	r.raced.Add(1)
	req, err := r.source.next()
	if err == nil {
		if resp, err = r.next.RoundTrip(req); err == nil {
			return resp, nil
		}
	}
	return nil, joinAttempts(append(r.errs, err))
}

func (r *altRace) answered() {
	r.http3.Add(1)
	r.cache.worked(r.service, time.Since(r.begin))
}

// broken is for an alternative that failed, or that was slower: then there is no
// error.
func (r *altRace) broken(why error) {
	r.failed.Add(1)
	r.cache.failed(r.service)
	if r.config.OnEvent != nil && !r.told {
		r.told = true
		r.config.OnEvent(Event{
			Kind: AltSvcFailed, Context: r.req.Context(), Request: r.req, Upstream: r.service.address,
			Status: statusOf(why), Err: why,
		})
	}
}
