package listener

import (
	"sync"
	"time"
)

const (
	// precision is how late a conn may be cut, as a part of the smallest bound.
	precision = 32
	// maxCuts bounds the conns that are cut at the same time. Each has a
	// goroutine, because SO_LINGER or the hook for events can hold it up.
	maxCuts = 256
	// farthest keeps sums of times in range: 36 years.
	farthest = time.Duration(1 << 60)
)

// sweeper looks at the guards of a listener when they are due. It has one timer,
// which is set only if that is to fire earlier: a conn that comes and goes costs
// no timer, and when it fires in vain, which it does once in the smallest bound
// at most, it is set for the next guard that is due. Nothing runs in between.
type sweeper struct {
	began time.Time
	grain time.Duration // length of a tick
	span  time.Duration // no guard is due later than that

	mu      sync.Mutex
	changed sync.Cond // cuts or the run have ended
	wheel   wheel
	count   int // guards to look at
	timer   *time.Timer
	armed   int64 // the tick for which the timer is set, or has fired and run is to come; 0: none
	running bool
	cuts    int  // in progress
	closing bool // the listener is closed
}

// newSweeper returns nil if there are no bounds. A guard is due after the span
// at the latest, which is 33 ticks.
func newSweeper(b *bounds) *sweeper {
	if b == nil {
		return nil
	}
	s := &sweeper{began: time.Now(), span: b.span()}
	s.grain = max((s.span+precision-1)/precision, time.Millisecond)
	s.changed.L = &s.mu
	return s
}

// now is the time on the clock of the guards.
func (s *sweeper) now() time.Duration { return time.Since(s.began) }

// add takes a guard, unless its conn is closed already.
func (s *sweeper) add(w *guard, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !w.open() {
		return
	}
	w.swept = true
	s.count++
	s.put(w, now, s.span)
	s.arm(now)
}

// put makes a guard due after a time: not before it, and not a whole tick later.
func (s *sweeper) put(w *guard, now, after time.Duration) {
	due := now + min(after, s.span)
	s.wheel.put(w, int64(now/s.grain), int64((due+s.grain-1)/s.grain))
}

// arm sets the timer if it has to fire earlier than it would.
func (s *sweeper) arm(now time.Duration) {
	at, some := s.wheel.next()
	if !some || s.running || s.armed != 0 && s.armed <= at {
		return
	}
	s.armed = at
	if wait := time.Duration(at)*s.grain - now; s.timer == nil {
		s.timer = time.AfterFunc(wait, s.run)
	} else {
		s.timer.Reset(wait)
	}
}

// remove forgets a guard.
func (s *sweeper) remove(w *guard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(w)
}

func (s *sweeper) drop(w *guard) {
	s.wheel.remove(w)
	if w.swept {
		w.swept = false
		s.count--
		s.rest()
	}
}

// rest stops the timer if there will be nothing to look at any more.
func (s *sweeper) rest() {
	if s.closing && s.count == 0 && s.armed != 0 && s.timer.Stop() {
		s.armed = 0
	}
}

// run is what the timer calls.
func (s *sweeper) run() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.running = 0, true
	for {
		w := s.wheel.take(int64(s.now() / s.grain))
		if w == nil {
			break
		}
		s.mu.Unlock()
		why, next := w.look(s.now())
		s.mu.Lock()
		s.settle(w, why, next)
	}
	s.running = false
	s.arm(s.now())
	s.changed.Broadcast()
}

// settle does what a look has found: a reason to cut the conn, the time in which
// to look again, or neither if that is of no use.
func (s *sweeper) settle(w *guard, why EventKind, next time.Duration) {
	switch {
	case !w.swept: // closed meanwhile
	case why == 0 && next > 0:
		s.put(w, s.now(), next)
	default:
		s.drop(w)
	}
	if why == 0 {
		return
	}
	for s.cuts >= maxCuts {
		s.changed.Wait()
	}
	s.cuts++
	go s.cut(w, why)
}

func (s *sweeper) cut(w *guard, why EventKind) {
	w.cut(why)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cuts--
	s.changed.Broadcast()
}

// close lets the sweeper end with the last conn.
func (s *sweeper) close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.closing = true
	s.rest()
	s.mu.Unlock()
	s.wait()
}

// wait waits until nothing runs, unless there are open conns.
func (s *sweeper) wait() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.count == 0 && (s.armed != 0 || s.running || s.cuts > 0) {
		s.changed.Wait()
	}
}
