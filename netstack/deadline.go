package netstack

import (
	"net"
	"os"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"
)

// gate is where one direction of a conn waits: for events of its endpoint, until its
// deadline has passed or the conn was closed. Only the holder of turn waits.
type gate struct {
	turn  sync.Mutex
	wake  chan struct{} // holds one token: an event that came between a try and the wait is not lost
	entry waiter.Entry

	mu       sync.Mutex
	timer    *time.Timer // made by the first deadline, kept for the next ones
	deadline time.Time   // with the monotonic clock; zero is none
	expired  bool
	closed   bool
}

// open registers the gate for events of q.
func (g *gate) open(q *waiter.Queue, mask waiter.EventMask) {
	g.wake = make(chan struct{}, 1)
	g.entry.Init(g, mask)
	q.EventRegister(&g.entry)
}

// NotifyEvent is called by the engine with its locks held.
func (g *gate) NotifyEvent(waiter.EventMask) { g.notify() }

func (g *gate) notify() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// err returns why nothing may be done any more, or nil.
func (g *gate) err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return net.ErrClosed
	case g.expired:
		return os.ErrDeadlineExceeded
	default:
		return nil
	}
}

// wait waits for the next event.
func (g *gate) wait() { <-g.wake }

// close ends the wait of this gate for ever. It reports whether it was open.
func (g *gate) close() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := !g.closed
	g.closed, g.deadline = true, time.Time{}
	if g.timer != nil {
		g.timer.Stop()
	}
	g.notify()
	return was
}

// set sets the deadline; the zero time is none.
func (g *gate) set(t time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return net.ErrClosed
	}
	if g.timer != nil {
		g.timer.Stop()
	}
	g.expired, g.deadline = false, time.Time{}
	if t.IsZero() {
		return nil
	}
	d := time.Until(t)
	if d <= 0 {
		g.expired = true
		g.notify()
		return nil
	}
	g.deadline = time.Now().Add(d)
	if g.timer == nil {
		g.timer = time.AfterFunc(d, g.expire)
	} else {
		g.timer.Reset(d)
	}
	return nil
}

// expire is the timer's. One that ran while its deadline was moved finds a later one.
func (g *gate) expire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.deadline.IsZero() {
		return
	}
	if d := time.Until(g.deadline); d > 0 {
		g.timer.Reset(d)
		return
	}
	g.expired = true
	g.notify()
}
