package netstack

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// trackedClock knows the timers that are set: the engine forgets some when it is closed, for
// instance that of fragments which wait for others.
type trackedClock struct {
	tcpip.Clock

	mu      sync.Mutex
	pending map[*trackedTimer]struct{}
	running sync.WaitGroup
	closed  bool
}

// AfterFunc returns a timer of minTimer or more. On a closed clock it never fires.
func (c *trackedClock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	t := &trackedTimer{clock: c, f: f}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		t.set++
		c.pending[t] = struct{}{}
		t.timer = c.Clock.AfterFunc(max(d, minTimer), t.fire)
	}
	return t
}

// close stops all timers, and waits for what they have called.
func (c *trackedClock) close() {
	c.mu.Lock()
	c.closed = true
	for t := range c.pending {
		t.timer.Stop()
	}
	clear(c.pending)
	c.mu.Unlock()
	c.running.Wait()
}

// trackedTimer is a timer of a trackedClock, whose mutex holds what is in it.
type trackedTimer struct {
	clock *trackedClock
	f     func()
	timer tcpip.Timer // nil on a closed clock
	set   int         // how often it will fire: a timer can be set while it fires
}

func (t *trackedTimer) fire() {
	c := t.clock
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	t.less()
	c.running.Add(1)
	c.mu.Unlock()
	defer c.running.Done()
	t.f()
}

func (t *trackedTimer) less() {
	if t.set--; t.set == 0 {
		delete(t.clock.pending, t)
	}
}

func (t *trackedTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.timer == nil || t.clock.closed || !t.timer.Stop() {
		return false
	}
	t.less()
	return true
}

func (t *trackedTimer) Reset(d time.Duration) {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.timer == nil || t.clock.closed {
		return
	}
	if t.timer.Stop() {
		t.less()
	}
	t.set++
	t.clock.pending[t] = struct{}{}
	t.timer.Reset(max(d, minTimer))
}
