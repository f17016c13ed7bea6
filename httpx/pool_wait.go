package httpx

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A poolCall is one request on its way to a conn, or to several in turn.
type poolCall struct {
	ctx      context.Context
	cancel   <-chan struct{} // of the request itself
	sent     int             // times that count for MaxAttempts
	turn     int             // where among the addresses it begins
	hasTurn  bool
	waited   bool
	lookups  int          // of the host when it came
	failures int          // dials
	target   *poolAddress // whose conn it waits for
	since    time.Time    // for this long
	failed   []poolFailure
	avoid    []*poolAddress // slow, or a conn of theirs broke
}

type poolFailure struct {
	addr *poolAddress
	err  error
}

// restart forgets a host that is gone.
func (c *poolCall) restart() {
	c.hasTurn, c.failed, c.avoid, c.target = false, nil, nil, nil
}

// passed reports whether the address has had its chance.
func (c *poolCall) passed(a *poolAddress) bool { return slices.Contains(c.avoid, a) || c.hasFailed(a) }

func (c *poolCall) hasFailed(a *poolAddress) bool {
	return slices.ContainsFunc(c.failed, func(f poolFailure) bool { return f.addr == a })
}

func (c *poolCall) fail(a *poolAddress, err error) {
	c.failures++
	c.failed = slices.DeleteFunc(c.failed, func(f poolFailure) bool { return f.addr == a })
	c.failed = append(c.failed, poolFailure{a, err})
}

// err returns what failed so far, beside the cause if there is one.
func (c *poolCall) err(cause error) error {
	if len(c.failed) == 0 {
		return cause
	}
	errs := []error{}
	if cause != nil {
		errs = append(errs, cause)
	}
	for _, f := range c.failed {
		errs = append(errs, f.err)
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return &Error{Op: "round trip", Err: errors.Join(errs...)}
}

// A poolWaiter is a request that waits for news.
type poolWaiter struct {
	addr *poolAddress // counts as waiting for it, if there is one
	any  bool         // news of others will do
	news chan poolFailure
}

// acquire returns a conn with a place reserved.
func (h *poolHost) acquire(call *poolCall) (*poolConn, error) {
	for {
		c, w, err := h.next(call)
		if err != nil {
			return nil, err
		}
		if c != nil {
			if c.reserve() {
				return c, nil
			}
			continue
		}
		if err := h.await(call, w); err != nil {
			return nil, err
		}
	}
}

// next returns a conn that seems to have a place, or what to wait for.
func (h *poolHost) next(call *poolCall) (*poolConn, *poolWaiter, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone != nil {
		return nil, nil, h.gone
	}
	now := time.Now()
	h.used = now
	if !call.hasTurn {
		h.turn++
		call.hasTurn, call.turn, call.lookups = true, h.turn, h.lookup.count
	}
	if len(h.addrs) == 0 {
		if err := h.lookupFirst(call); err != nil {
			return nil, nil, err
		}
		return nil, h.wait(call, nil), nil
	}
	h.lookupStale(now)
	return h.nextOf(call, now)
}

func (h *poolHost) nextOf(call *poolCall, now time.Time) (*poolConn, *poolWaiter, error) {
	a := h.choose(call, now)
	if a != nil {
		if c := a.take(); c != nil {
			return c, nil, nil
		}
		if !a.expects() {
			a.dial(call.ctx)
		}
		return nil, h.wait(call, a), nil
	}
	if h.hopeful() {
		return nil, h.wait(call, nil), nil
	}
	// All addresses are down, or rest.
	if call.failures >= h.pool.maxDials() {
		return nil, nil, call.err(nil)
	}
	a = h.soonest(call)
	a.dial(call.ctx)
	return nil, h.wait(call, nil), nil
}

// await waits until it is worth while to try again.
func (h *poolHost) await(call *poolCall, w *poolWaiter) error {
	call.waited = true
	var late <-chan time.Time
	if !w.any {
		t := time.NewTimer(time.Until(call.since.Add(h.pool.cfg.FallbackDelay)))
		defer t.Stop()
		late = t.C
	}
	pause := poolFirstLook
	look := time.NewTimer(pause)
	defer look.Stop()
	for {
		select {
		case f := <-w.news:
			if f.err != nil {
				call.fail(f.addr, f.err)
			}
			return nil
		case <-look.C:
			h.look()
			pause = min(2*pause, poolLastLook)
			look.Reset(pause)
		case <-late:
			call.avoid = append(call.avoid, w.addr)
			h.unwait(w)
			return nil
		case <-call.ctx.Done():
			h.unwait(w)
			return call.err(context.Cause(call.ctx))
		case <-call.cancel:
			h.unwait(w)
			return errPoolCanceled
		}
	}
}

// wait puts the request in line; those who have waited before come first.
func (h *poolHost) wait(call *poolCall, a *poolAddress) *poolWaiter {
	w := &poolWaiter{addr: a, any: a == nil || call.passed(a), news: make(chan poolFailure, 1)}
	if a != nil {
		a.waiting++
	}
	if !w.any && call.target != a {
		call.target, call.since = a, time.Now()
	}
	at := len(h.waiters)
	if call.waited {
		at = 0
	}
	h.waiters = slices.Insert(h.waiters, at, w)
	return w
}

// unwait takes it out of line. News that came at the same moment are for others.
func (h *poolHost) unwait(w *poolWaiter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-w.news:
		h.wakeAll()
	default:
		i := slices.Index(h.waiters, w)
		h.waiters = slices.Delete(h.waiters, i, i+1)
		w.leave()
	}
	if h.pool.strict && len(h.waiters) == 0 {
		h.addrs[0].abandon()
	}
}

func (w *poolWaiter) leave() {
	if w.addr != nil {
		w.addr.waiting--
	}
}

// wake lets up to n requests try that want this address, or any.
func (h *poolHost) wake(a *poolAddress, n int) {
	h.send(poolFailure{}, func(w *poolWaiter) bool {
		if n > 0 && (w.any || w.addr == a) {
			n--
			return true
		}
		return false
	})
}

// wakeAll lets all try.
func (h *poolHost) wakeAll() { h.send(poolFailure{}, func(*poolWaiter) bool { return true }) }

// tell passes on why an address has no new conn.
func (h *poolHost) tell(a *poolAddress, err error) {
	h.send(poolFailure{a, err}, func(w *poolWaiter) bool { return w.any || w.addr == a })
}

func (h *poolHost) send(news poolFailure, to func(*poolWaiter) bool) {
	if len(h.waiters) == 0 {
		return
	}
	h.waiters = slices.DeleteFunc(h.waiters, func(w *poolWaiter) bool {
		if !to(w) {
			return false
		}
		w.leave()
		w.news <- news
		return true
	})
}
