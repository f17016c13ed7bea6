package netstack

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// Clock is the time of a stack, so that tests can drive it. Its methods may be called at
// the same time.
type Clock interface {
	// Now returns the time. It must not go back.
	Now() time.Time
	// AfterFunc calls f in a goroutine of its own when d has passed. stop prevents that,
	// and reports whether it did. stop does not wait for f.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// minTimer is the shortest time for which the engine's timers are set; Linux has such a
// bound, too (TCP_TIMEOUT_MIN). On a link with a round trip of microseconds TCP would
// otherwise take each peer that is not scheduled at once for a lost packet, and send it
// again: 1,500 MiB on 16 streams between two stacks of a busy machine had 5,000 of those and
// cost twice the processor time.
const minTimer = 10 * time.Millisecond

// newEngineClock returns a Clock as the engine knows it, the system's for nil.
func newEngineClock(c Clock) *trackedClock {
	var base tcpip.Clock = tcpip.NewStdClock()
	if c != nil {
		base = &engineClock{c, c.Now()}
	}
	return &trackedClock{Clock: base, pending: make(map[*trackedTimer]struct{})}
}

// engineClock adds to a Clock what the engine wants.
type engineClock struct {
	Clock
	base time.Time
}

func (c *engineClock) NowMonotonic() tcpip.MonotonicTime {
	return tcpip.MonotonicTime{}.Add(c.Now().Sub(c.base))
}

func (c *engineClock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	return &engineTimer{clock: c.Clock, f: f, stop: c.Clock.AfterFunc(d, f)}
}

// engineTimer can be set again, which a Clock's cannot.
type engineTimer struct {
	clock Clock
	f     func()

	mu   sync.Mutex
	stop func() bool
}

func (t *engineTimer) Stop() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stop()
}

func (t *engineTimer) Reset(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop()
	t.stop = t.clock.AfterFunc(d, t.f)
}
