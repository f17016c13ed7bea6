package httpx

import (
	"slices"
	"time"
)

// net/http's hook does not tell of everything: while it runs, a conn may become
// full and free again, of which there is no word when it has ended, and it has
// seen the conn full (Go 1.26). So who waits looks for himself, after the first
// of these times and then more and more rarely, and the janitor looks, too.
const (
	poolFirstLook = 5 * time.Millisecond
	poolLastLook  = time.Second
)

// look finds places that nobody told of.
func (h *poolHost) look() {
	h.mu.Lock()
	now := time.Now()
	if now.Sub(h.looked) < poolFirstLook { // many may wait
		h.mu.Unlock()
		return
	}
	h.looked = now
	idle := h.settle()
	h.mu.Unlock()
	h.closeAll(idle)
}

// settle looks at the conns whose places or limit may have come without a call of
// the hook. The lock is held.
func (h *poolHost) settle() (idle []*poolConn) {
	for _, a := range h.addrs {
		for _, c := range slices.Backward(a.conns) {
			if (h.pool.strict && !c.settled || c.missing()) && c.sync() {
				idle = append(idle, c)
			}
		}
	}
	return idle
}

// missing reports whether the conn should have a place by the pool's own count.
func (c *poolConn) missing() bool { return !c.listed && !c.spent && c.used < max(1, c.limit) }
