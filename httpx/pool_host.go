package httpx

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A poolHost is a name with its addresses, conns and waiting requests.
//
// Its lock is never held while a conn is reserved, released, used or closed:
// those call the conn's hook, which takes it.
type poolHost struct {
	pool  *Pool
	key   poolKey
	port  uint16
	fixed bool // there is nothing to look up

	mu      sync.Mutex
	gone    error // why there is no conn any more: the pool is closed, or the name forgotten
	used    time.Time
	addrs   []*poolAddress
	turn    int // of addrs
	leaving map[*poolConn]struct{}
	waiters []*poolWaiter
	looked  time.Time
	lookup  poolLookup
}

func newPoolHost(p *Pool, key poolKey) (*poolHost, error) {
	port, err := strconv.ParseUint(key.port, 10, 16)
	if err != nil {
		return nil, badRequest(fmt.Errorf("port %q: must be a number from 0 to 65535", key.port))
	}
	h := &poolHost{
		pool: p, key: key, port: uint16(port), used: time.Now(), leaving: make(map[*poolConn]struct{}),
		turn: rand.IntN(1 << 16), //nolint:gosec // so that many clients do not all begin with the first
	}
	ip, err := netip.ParseAddr(key.name)
	if h.fixed = err == nil || p.strict; !h.fixed {
		return h, nil
	}
	a := &poolAddress{host: h}
	if !p.strict {
		a.addr = netip.AddrPortFrom(ip, h.port)
	}
	h.addrs = []*poolAddress{a}
	return h, nil
}

func (h *poolHost) lastUsed() (used time.Time, waiters int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.used, len(h.waiters)
}

// empty reports whether nobody has anything of the host.
func (h *poolHost) empty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.emptyLocked()
}

func (h *poolHost) emptyLocked() bool {
	n := len(h.leaving) + len(h.waiters)
	for _, a := range h.addrs {
		n += len(a.conns) + a.dialing
	}
	return n == 0
}

// setAddresses takes a new list: known ones stay as they are, missing ones
// are left by their requests.
func (h *poolHost) setAddresses(addrs []netip.AddrPort) {
	h.mu.Lock()
	if h.gone != nil {
		addrs = nil
	}
	var list []*poolAddress
	var idle []*poolConn
	for _, a := range h.addrs {
		if slices.Contains(addrs, a.addr) && len(list) < h.pool.cfg.MaxAddresses {
			list = append(list, a)
		} else {
			idle = append(idle, h.drop(a)...)
		}
	}
	for _, addr := range addrs {
		if len(list) == h.pool.cfg.MaxAddresses {
			break
		}
		if !slices.ContainsFunc(list, func(a *poolAddress) bool { return a.addr == addr }) {
			list = append(list, &poolAddress{host: h, addr: addr})
		}
	}
	h.addrs = list
	h.wakeAll()
	h.mu.Unlock()
	h.closeAll(idle)
}

// drop takes the conns from an address that is no longer in use, and returns
// those that may be closed at once.
func (h *poolHost) drop(a *poolAddress) (idle []*poolConn) {
	a.gone = true
	for len(a.conns) > 0 {
		c := a.conns[len(a.conns)-1]
		if h.detach(c) {
			idle = append(idle, c)
		}
	}
	return idle
}

// detach takes the conn from its address, so that it gets no new requests. It
// reports whether it may be closed.
func (h *poolHost) detach(c *poolConn) bool {
	if c.leaving {
		return false
	}
	c.leaving = true
	c.addr.remove(c)
	h.leaving[c] = struct{}{}
	return c.used == 0
}

// closeIdle closes the conns unused since then; the zero time is now.
func (h *poolHost) closeIdle(since time.Time) {
	h.mu.Lock()
	var idle []*poolConn
	for _, a := range h.addrs {
		for _, c := range slices.Backward(a.conns) {
			if c.used == 0 && (since.IsZero() || c.since.Before(since)) {
				h.detach(c)
				idle = append(idle, c)
			}
		}
	}
	for c := range h.leaving {
		if c.used == 0 {
			idle = append(idle, c) // its last streams were never confirmed
		}
	}
	h.mu.Unlock()
	h.closeAll(idle)
}

// leave lets the host's requests end, and reports whether there are none.
func (h *poolHost) leave() bool {
	h.mu.Lock()
	idle := h.end(errPoolForgotten)
	empty := h.emptyLocked()
	h.mu.Unlock()
	h.closeAll(idle)
	return empty
}

// end makes all who come or wait fail.
func (h *poolHost) end(err error) (idle []*poolConn) {
	h.gone = err
	h.lookup.stop()
	for _, a := range h.addrs {
		idle = append(idle, h.drop(a)...)
	}
	h.wakeAll()
	return idle
}

// close ends the host with all that is on its conns.
func (h *poolHost) close() {
	h.mu.Lock()
	h.end(errPoolClosed)
	var conns []*poolConn
	for c := range h.leaving {
		conns = append(conns, c)
	}
	h.mu.Unlock()
	h.closeAll(conns)
}

// closeAll closes conns, each in a goroutine: the last words of TLS can take seconds.
func (h *poolHost) closeAll(conns []*poolConn) {
	for _, c := range conns {
		if c.closing.Swap(true) {
			continue
		}
		if !h.pool.work.start(func() { c.cc.Close() }) {
			c.cc.Close()
		}
	}
}
