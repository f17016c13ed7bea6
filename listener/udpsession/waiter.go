package udpsession

import "time"

// waiter lets calls on one conn wait in one direction, until something changes
// or a deadline passes. Channel and timer are made when they are needed first:
// most sessions of a flood never are waited for. The conn's mutex guards it.
type waiter struct {
	wake     chan struct{} // holds one token
	timer    *time.Timer
	waiting  int
	deadline int64 // on the listener's clock, 0 for none
}

// expired reports whether the deadline has passed.
func (w *waiter) expired(clock clock) bool {
	return w.deadline != 0 && clock.now() >= w.deadline
}

// wait gives up mu until it is woken, or until it gets to send to turn, which
// may be nil, and returns true then. A wake can be spurious. Who leaves while a
// reason to wake stays must signal, because a token wakes one only.
func (w *waiter) wait(c *Conn, turn chan<- struct{}) bool {
	if w.wake == nil {
		w.wake = make(chan struct{}, 1)
	}
	w.waiting++
	w.arm(c)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		w.waiting--
	}()
	select {
	case <-w.wake:
		return false
	case turn <- struct{}{}:
		return true
	}
}

// signal wakes one call that waits.
func (w *waiter) signal() {
	if w.waiting == 0 {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default: // a token is on its way
	}
}

// set changes the deadline, also of calls that wait.
func (w *waiter) set(c *Conn, deadline int64) {
	w.deadline = deadline
	if w.waiting > 0 {
		w.arm(c)
	}
}

// arm sees to it that a call that waits is woken at the deadline.
func (w *waiter) arm(c *Conn) {
	if w.deadline == 0 {
		w.stop()
		return
	}
	left := time.Duration(max(w.deadline-c.listener.clock.now(), 0))
	if w.timer != nil {
		w.timer.Reset(left)
		return
	}
	w.timer = time.AfterFunc(left, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.signal()
	})
}

// stop ends the timer. One that is firing does no harm.
func (w *waiter) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// clock counts nanoseconds since the listener began. It is monotonic and never
// shows 0, which stands for no time.
type clock struct{ base time.Time }

func newClock() clock { return clock{base: time.Now()} }

func (k clock) now() int64 { return int64(time.Since(k.base)) + 1 }

// at turns a deadline of net.Conn into one of the clock.
func (k clock) at(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	now, left := k.now(), int64(time.Until(t))
	if left > 0 && now+left < now {
		return 1<<63 - 1
	}
	return max(now+left, 1)
}

// time is the reverse of at.
func (k clock) time(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return k.base.Add(time.Duration(at - 1))
}
