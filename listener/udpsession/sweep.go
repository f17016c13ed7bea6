package udpsession

import (
	"math"
	"time"
)

// sweepLimit bounds the sessions that end under one hold of the mutex, so that
// the reader never waits for long.
const sweepLimit = 256

// sweep ends what has expired, until Close. It is one goroutine with one timer
// for all sessions.
func (l *Listener) sweep() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var events []Event
	for {
		select {
		case <-timer.C:
		case <-l.done:
			return
		}
		var next int64
		events, next = l.expire(events[:0])
		l.told(events...)
		// Not at once for each session of a crowd, but in groups.
		pause := max(time.Duration(next-l.clock.now()), l.grain())
		if len(events) == sweepLimit {
			pause = 0
		}
		clear(events)
		timer.Reset(pause)
	}
}

// grain is how late a session may expire.
func (l *Listener) grain() time.Duration {
	return min(max(l.config.IdleTimeout/64, time.Millisecond), time.Second)
}

// expire ends up to sweepLimit sessions and returns when to look again.
func (l *Listener) expire(events []Event) ([]Event, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	for len(events) < sweepLimit {
		if c := l.byUse.head; c != nil && l.idleEnd(c, now) <= now {
			events = append(events, l.remove(c, Idle))
			continue
		}
		if c := l.byAge.head; c != nil && l.ageEnd(c, now) <= now {
			events = append(events, l.remove(c, Aged))
			continue
		}
		break
	}
	// A session that begins after this one's check cannot expire earlier.
	return events, min(l.idleEnd(l.byUse.head, now), l.ageEnd(l.byAge.head, now))
}

// idleEnd is when c has been idle for too long; nil is a session that begins now.
func (l *Listener) idleEnd(c *Conn, now int64) int64 {
	if c != nil {
		now = c.used.Load()
	}
	return after(now, l.config.IdleTimeout)
}

// ageEnd is when c has reached the maximum age; nil as in idleEnd.
func (l *Listener) ageEnd(c *Conn, now int64) int64 {
	if l.config.MaxAge == 0 {
		return math.MaxInt64
	}
	if c != nil {
		now = c.created
	}
	return after(now, l.config.MaxAge)
}

// after adds without overflow.
func after(at int64, d time.Duration) int64 {
	if int64(d) > math.MaxInt64-at {
		return math.MaxInt64
	}
	return at + int64(d)
}
