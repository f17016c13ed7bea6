package listener

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// OverLimit says what becomes of a client above MaxConns or AcceptRate.
type OverLimit int

const (
	// Wait lets it wait in the kernel's queue until there is room. At most one
	// conn a socket is accepted and held meanwhile; a listener on one socket
	// holds none for MaxConns.
	Wait OverLimit = iota
	// Refuse resets it.
	Refuse
)

// String returns "wait" or "refuse".
func (o OverLimit) String() string {
	switch o {
	case Wait:
		return "wait"
	case Refuse:
		return "refuse"
	}
	return "unknown"
}

// slots bounds the open conns of a listener.
type slots struct {
	c       chan struct{}
	refuses bool
	alone   bool // there is one socket
}

// newSlots returns nil if there is no bound.
func newSlots(c *Config, sockets int) *slots {
	if c.MaxConns == 0 {
		return nil
	}
	return &slots{
		c:       make(chan struct{}, c.MaxConns), // elements without size: no memory
		refuses: c.OverLimit == Refuse,
		alone:   sockets == 1,
	}
}

// early reports whether a slot is taken before a conn is accepted, so that all
// who wait do so in the kernel's queue. With several sockets that would let one
// where nobody calls hold the last slot.
func (s *slots) early() bool { return s != nil && s.alone && !s.refuses }

// take takes a slot. It returns false if there is none, or none before done.
func (s *slots) take(done <-chan struct{}) bool {
	if s == nil {
		return true
	}
	select {
	case s.c <- struct{}{}:
		return true
	default:
	}
	if s.refuses {
		return false
	}
	select {
	case s.c <- struct{}{}:
		return true
	case <-done:
		return false
	}
}

func (s *slots) free() { <-s.c }

// pace bounds how many conns are accepted in a time.
type pace struct {
	limiter *rate.Limiter
	refuses bool
}

// newPace returns nil if there is no bound.
func newPace(c *Config) *pace {
	if c.AcceptRate == 0 {
		return nil
	}
	return &pace{
		limiter: rate.NewLimiter(rate.Limit(c.AcceptRate), c.burst()),
		refuses: c.OverLimit == Refuse,
	}
}

func (c *Config) burst() int {
	if c.AcceptBurst != 0 {
		return c.AcceptBurst
	}
	return int(max(1, math.Min(c.AcceptRate, math.MaxInt32)))
}

// take takes a token. It returns false if there is none, or none before done.
func (p *pace) take(done <-chan struct{}) bool {
	switch {
	case p == nil:
		return true
	case p.refuses:
		return p.limiter.Allow()
	}
	return sleep(p.limiter.Reserve().Delay(), done)
}

// sleep waits. It returns false if done was closed first.
func sleep(d time.Duration, done <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}
