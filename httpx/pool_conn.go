package httpx

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"
)

// poolYoung is the age below which a conn that ends unused says that its
// address does not work. Later it is the server's idle timeout.
const poolYoung = time.Second

// A poolConn is a conn to one address. What is not atomic or constant, the
// host's lock guards.
type poolConn struct {
	cc      *http.ClientConn
	raw     net.Conn // below TLS
	addr    *poolAddress
	served  atomic.Bool // there was a response
	closing atomic.Bool // by us
	many    atomic.Bool // requests side by side: HTTP/2
	tried   bool        // a request has failed on it
	leaving bool        // gets no new requests
	spent   bool        // as leaving, but it counts: keep-alive is off
	listed  bool        // in the address's free
	free    int         // how many further requests it takes: a hint, Reserve decides
	limit   int         // how many it takes at most, with HTTP/2
	known   bool        // the limit is the server's
	first   int         // limit that was seen, and
	settled bool        // whether it is the server's: for strict pools
	used    int         // requests that have it
	since   time.Time   // when used became 0
}

func (c *poolConn) multiplexed() bool { return c.many.Load() }

// reserve makes the place sure that take saw. HTTP/2 conns are counted by us
// alone: when more places are reserved than SETTINGS leave, once they arrive,
// net/http's first request waits for the others, and they for it. Without
// reservations a request too many waits for a stream to end.
func (c *poolConn) reserve() bool {
	if c.multiplexed() || c.cc.Reserve() == nil {
		return true
	}
	c.release()
	return false
}

// changed is the state hook.
func (c *poolConn) changed(*http.ClientConn) {
	h := c.addr.host
	h.mu.Lock()
	idle := c.sync()
	h.mu.Unlock()
	if idle {
		h.closeAll([]*poolConn{c})
	}
}

// release gives back what take gave.
func (c *poolConn) release() {
	h := c.addr.host
	h.mu.Lock()
	c.put()
	idle := c.sync()
	h.mu.Unlock()
	if idle {
		h.closeAll([]*poolConn{c})
	}
}

// done is called when a request has ended. HTTP/1 conns have a place again
// before, but the hook may be late: it is not called while it runs, nor before
// it is set. Who comes next must find the place, and not dial. With HTTP/2 the
// place may come before or after.
func (c *poolConn) done() {
	h := c.addr.host
	h.mu.Lock()
	c.put()
	idle := c.idle()
	if !idle && (c.multiplexed() || c.used == 0 && !c.listed) {
		idle = c.sync()
	}
	h.mu.Unlock()
	if idle {
		h.closeAll([]*poolConn{c})
	}
}

func (c *poolConn) put() {
	c.used--
	c.addr.inFlight--
	if c.used == 0 {
		c.since = time.Now()
	}
}

// sync looks at the conn, and reports whether it is to be closed.
func (c *poolConn) sync() bool {
	h := c.addr.host
	if err := c.cc.Err(); err != nil {
		young := c.used == 0 && !c.tried && !c.served.Load() && time.Since(c.since) < poolYoung
		if !c.leaving && young {
			c.addr.fail(time.Now(), err)
			h.tell(c.addr, c.addr.dialError(err))
		}
		h.detach(c)
		delete(h.leaving, c)
		h.wakeAll() // there may be room for another
		return false
	}
	if c.leaving {
		return c.idle()
	}
	before, free := c.cc.InFlight(), c.cc.Available()
	after := c.cc.InFlight()
	if free > 1 {
		c.many.Store(true)
	}
	if c.many.Load() {
		if c.takesNoMore(before, after, free) {
			h.detach(c)
			h.wakeAll()
			return c.idle()
		}
		if free = min(free, c.limit-c.used); h.pool.strict && !c.told(c.limit) {
			free = min(free, 1-c.used)
		}
	}
	if c.free = free; c.spent {
		return c.idle()
	}
	if free <= 0 {
		c.unlist()
		return false
	}
	c.list()
	h.wake(c.addr, free)
	return false
}

// takesNoMore learns how many streams the server allows, and reports whether
// it allows no new ones (GOAWAY): then there is no place, though there are far
// fewer than it allowed. The numbers are not of one moment, hence "far", and the
// count from before: the last one of few may end right after free was read. For
// the same reason a limit that is known changes only by counts that agree: one
// too high would make a full conn look like one that takes no more.
func (c *poolConn) takesNoMore(before, after, free int) bool {
	served := c.served.Load() // and SETTINGS had come before that
	switch {
	case free > 0 && (before == after || !c.known):
		c.limit = min(before, after) + free // what ended in between is in free, or missing there
		c.known = served && before == after
		c.presume()
	case free == 0 && c.known:
		return 2*c.used < c.limit && 2*max(before, after) < c.limit
	}
	if c.known {
		c.addr.places, c.addr.streams = c.limit, c.limit
	}
	return false
}

// presume takes the limit of the conns before for that of one whose SETTINGS
// have not come. net/http would open a hundred streams, and on a conn where one
// of them is refused as PROTOCOL_ERROR, for the SETTINGS came before the stream
// was written, net/http opens no others (Go 1.26). Strict pools wait instead.
func (c *poolConn) presume() {
	if most := c.addr.streams; most > 0 && !c.served.Load() && !c.addr.host.pool.strict {
		c.limit = min(c.limit, most)
	}
}

// idle reports whether a conn that is leaving has nothing left to do.
func (c *poolConn) idle() bool {
	if c.spent && c.used == 0 {
		c.addr.host.detach(c)
		c.addr.host.wakeAll()
	}
	return c.leaving && c.used == 0 && c.cc.InFlight() == 0
}

func (c *poolConn) list() {
	if !c.listed {
		c.listed = true
		c.addr.free = append(c.addr.free, c)
	}
}

func (c *poolConn) unlist() {
	if c.listed {
		c.listed = false
		free := c.addr.free
		i := slices.Index(free, c)
		c.addr.free = slices.Delete(free, i, i+1)
	}
}

// got tells a trace, as net/http does for its own conns.
func (c *poolConn) got(ctx context.Context) {
	if t := httptrace.ContextClientTrace(ctx); t != nil && t.GotConn != nil {
		served := c.served.Load()
		t.GotConn(httptrace.GotConnInfo{Conn: c.raw, Reused: served, WasIdle: served})
	}
}

// worked is called for each response.
func (c *poolConn) worked(proto int) {
	if c.served.Load() {
		return
	}
	if proto > 1 {
		c.many.Store(true) // even if it has one stream only
	}
	h := c.addr.host
	h.mu.Lock()
	if !c.served.Swap(true) {
		c.addr.worked, c.addr.failures, c.addr.err = true, 0, nil
		h.wakeAll()
	}
	idle := c.sync()
	h.mu.Unlock()
	if idle {
		h.closeAll([]*poolConn{c})
	}
}

// failed is called for a request without a response. The address is to blame
// if the conn has ended and it was not the request's fault.
func (c *poolConn) failed(blame bool, err error) {
	verdict := verdictOf(err)
	h := c.addr.host
	h.mu.Lock()
	c.put()
	c.tried = true
	if verdict == poolUnsent || verdict == poolGoAway {
		h.detach(c) // it takes no more, though it may still be open
		h.wakeAll()
	}
	if blame && c.cc.Err() != nil {
		c.addr.err = err
		if !c.served.Load() {
			c.addr.fail(time.Now(), err)
		}
		h.lookupSoon()
	}
	idle := c.sync()
	h.mu.Unlock()
	if idle {
		h.closeAll([]*poolConn{c})
	}
}
