package httpx

import (
	"math"
	"net/http"
	"time"
)

// newStrict returns a pool that gives names to the dialer and has one conn a
// host. It counts the streams itself: net/http's own requests above the limit would wait
// for each other for ever (go.dev/issue/70809, Go 1.26).
func newStrict(t *http.Transport) *Pool {
	idle := t.IdleConnTimeout
	if idle == 0 {
		idle = math.MaxInt64
	}
	p := newPool((&PoolConfig{
		Transport:          t,
		DialTimeout:        math.MaxInt64, // the transport's hold
		FallbackDelay:      math.MaxInt64, // there is no other address
		MaxIdle:            idle,
		MaxHosts:           DefaultMaxIdleConns,
		MaxConnsPerAddress: 1,
	}).withDefaults())
	p.strict = true
	return p
}

// maxDials is how many failed ones a request survives.
func (p *Pool) maxDials() int {
	if p.strict {
		return 1 // as in net/http
	}
	return p.cfg.MaxAttempts
}

// strictPatience is how long the SETTINGS of a server may take. They are the first thing
// that it sends.
const strictPatience = 2 * time.Second

// told reports whether the server has said how many streams it allows; before
// that net/http would open a hundred. There is no way to ask: a response tells,
// another limit, or time. The numbers are not of one moment, and may be off by the only request.
func (c *poolConn) told(limit int) bool {
	if c.first == 0 {
		c.first = limit
	}
	c.settled = c.settled || c.served.Load() || limit > c.first || limit < c.first-1 || time.Since(c.since) > strictPatience
	return c.settled
}
