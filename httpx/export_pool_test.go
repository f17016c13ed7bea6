package httpx

import "time"

// The verdicts on errors of net/http, for tests that provoke them.
const (
	PoolUnknown = poolUnknown
	PoolUnsent  = poolUnsent
	PoolRefused = poolRefused
	PoolCut     = poolCut
)

var VerdictOf = verdictOf

// PoolPauses returns for how long an address rests after each of n failures.
func PoolPauses(c *PoolConfig, n int) []time.Duration {
	a := &poolAddress{host: &poolHost{pool: &Pool{cfg: c.withDefaults()}}}
	now := time.Now()
	var pauses []time.Duration
	for range n {
		a.fail(now, nil)
		pauses = append(pauses, a.until.Sub(now))
	}
	return pauses
}

// PoolUnhook keeps net/http from telling the pool what becomes of its conns.
func PoolUnhook(p *Pool) {
	for _, h := range p.all() {
		h.mu.Lock()
		var conns []*poolConn
		for _, a := range h.addrs {
			conns = append(conns, a.conns...)
		}
		h.mu.Unlock()
		for _, c := range conns {
			c.cc.SetStateHook(nil)
		}
	}
}
