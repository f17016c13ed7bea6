package httpx

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// A poolAddress is one address of a name. The host's lock guards it.
type poolAddress struct {
	host     *poolHost
	addr     netip.AddrPort
	gone     bool // no longer an address of the name
	conns    []*poolConn
	free     []*poolConn // of conns, those with a place, the last used on top
	inFlight int
	dialing  int
	waiting  int // requests that wait for a conn to just this address
	places   int // of the last conn: 1 with HTTP/1, 0 before there was one
	streams  int // that HTTP/2 conns allow by the server's word, 0: not known yet
	worked   bool
	failures int // in a row
	until    time.Time
	stop     context.CancelFunc // of the last dial
	stopped  bool               // for want of requests
	err      error              // the last one
}

// take returns a conn with a place, or nil.
func (a *poolAddress) take() *poolConn {
	if !a.ready() {
		return nil
	}
	c := a.free[len(a.free)-1]
	c.spent = a.host.pool.both.DisableKeepAlives
	if c.free--; c.free == 0 || c.spent {
		c.unlist()
	}
	c.used++
	a.inFlight++
	return c
}

// ready reports whether take returns a conn. One request at a time finds out
// whether an address works again.
func (a *poolAddress) ready() bool {
	n := len(a.free)
	return n > 0 && (a.failures == 0 || a.free[n-1].served.Load() || !a.busy())
}

// fit reports whether a request may be for this address.
func (a *poolAddress) fit() bool {
	return a.ready() || a.failures == 0 && (a.expects() || a.hasRoom())
}

// probe dials an address that has rested, while others take the requests.
func (a *poolAddress) probe(now time.Time) {
	if a.failures > 0 && !a.resting(now) && !a.ready() && a.hasRoom() {
		a.dial(a.host.pool.ctx)
	}
}

// busy reports whether a conn that has not worked yet is in use.
func (a *poolAddress) busy() bool {
	return slices.ContainsFunc(a.conns, func(c *poolConn) bool { return c.used > 0 && !c.served.Load() })
}

// resting reports whether the address is to be left alone.
func (a *poolAddress) resting(now time.Time) bool {
	return a.failures > 0 && (now.Before(a.until) || a.dialing > 0 || a.busy())
}

// hasRoom reports whether there may be a further conn.
func (a *poolAddress) hasRoom() bool {
	return len(a.conns)+a.dialing < a.host.pool.cfg.MaxConnsPerAddress
}

// expects reports whether the dials in progress will do for one more request.
func (a *poolAddress) expects() bool {
	if a.places == 0 {
		return a.dialing > 0 // it may be HTTP/2, of which one conn is enough
	}
	return a.dialing*a.places > a.waiting
}

// fail remembers that the address does not work.
func (a *poolAddress) fail(now time.Time, err error) {
	cfg := a.host.pool.cfg
	pause := cfg.MaxBackoff
	if cfg.MinBackoff <= pause>>a.failures { // else it does not fit
		pause = cfg.MinBackoff << a.failures
	}
	a.failures++
	a.err = err
	a.until = now.Add(pause/2 + rand.N(pause/2+1)) //nolint:gosec // so that many clients do not come back together
}

// remove takes the conn from the lists.
func (a *poolAddress) remove(c *poolConn) {
	a.conns = slices.DeleteFunc(a.conns, func(o *poolConn) bool { return o == c })
	c.unlist()
}
