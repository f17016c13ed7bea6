package httpx

import "time"

// choose returns the address that the request is for, or nil if there is none
// at the moment. It has a place, will have one soon, or may be dialled.
func (h *poolHost) choose(call *poolCall, now time.Time) *poolAddress {
	if a := h.best(call, func(a *poolAddress) bool {
		a.probe(now)
		return a.fit() && !call.passed(a)
	}); a != nil {
		return a
	}
	return h.best(call, func(a *poolAddress) bool {
		return a.ready() || a.fit() && !call.hasFailed(a)
	})
}

// best returns the first that fits in the order of the policy.
func (h *poolHost) best(call *poolCall, fits func(*poolAddress) bool) *poolAddress {
	var best *poolAddress
	for i := range h.addrs {
		a := h.addrs[(call.turn+i)%len(h.addrs)]
		switch {
		case !fits(a):
		case h.pool.cfg.Policy == PoolRoundRobin:
			return a
		case best == nil || a.inFlight+a.waiting < best.inFlight+best.waiting:
			best = a
		}
	}
	return best
}

// hopeful reports whether there will be news without doing anything.
func (h *poolHost) hopeful() bool {
	for _, a := range h.addrs {
		if a.dialing > 0 || len(a.conns) > 0 {
			return true
		}
	}
	return false
}

// soonest returns the address whose rest ends first, preferably one that has
// not failed this request yet.
func (h *poolHost) soonest(call *poolCall) *poolAddress {
	var best *poolAddress
	for _, a := range h.addrs {
		switch {
		case best == nil, call.hasFailed(best) && !call.hasFailed(a):
			best = a
		case call.hasFailed(best) == call.hasFailed(a) && a.until.Before(best.until):
			best = a
		}
	}
	return best
}
