package listener

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultMinReceiveGrace is used when Config.MinReceiveGrace is zero.
const DefaultMinReceiveGrace = 5 * time.Second

// bounds are what guards hold their conns to; zero is no bound.
type bounds struct {
	idle, age, grace time.Duration
	rate             float64 // bytes a second
}

// newBounds returns nil if there are none.
func newBounds(c *Config) *bounds {
	if !c.guards() {
		return nil
	}
	b := &bounds{idle: c.IdleTimeout, age: c.MaxAge, rate: float64(c.MinReceiveRate), grace: c.MinReceiveGrace}
	if b.grace == 0 {
		b.grace = DefaultMinReceiveGrace
	}
	return b
}

// guard ends a conn that is idle, old or slow. One timer a conn looks at it when
// a bound can be reached. Where the kernel counts traffic (TCP on Linux) it is
// asked then, which costs nothing per Read and Write and sees through a copy
// that never leaves the kernel. Elsewhere Read and Write count.
type guard struct {
	link   *link
	bounds *bounds
	began  time.Time
	kernel bool // counts the traffic

	last  atomic.Int64 // traffic that Read and Write saw, since began
	cause atomic.Pointer[Error]
	heard atomic.Bool // the application has closed the conn

	mu    sync.Mutex
	timer *time.Timer
	ended bool
	seen  sample
	moved time.Duration // last traffic that the kernel saw, since began
	meter meter
}

func (g *gate) newGuard(l *link) *guard {
	if g.bounds == nil {
		return nil
	}
	w := &guard{link: l, bounds: g.bounds, began: time.Now(), kernel: kernelCounts(l.raw)}
	w.meter = meter{rate: g.bounds.rate, grace: g.bounds.grace, running: true}
	return w
}

// arm starts the timer, unless the conn is closed already.
func (w *guard) arm() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, next := w.verdict(sample{}, w.now()); !w.ended && next > 0 {
		w.timer = time.AfterFunc(next, w.look)
	}
}

// stop ends the guarding.
func (w *guard) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *guard) now() time.Duration { return time.Since(w.began) }

// look is what the timer calls.
func (w *guard) look() {
	w.mu.Lock()
	var s sample
	if w.kernel && !w.ended {
		var err error
		if s, err = readSample(w.link.raw); err != nil {
			w.ended = true // the application has closed the bare conn
		}
	}
	if w.ended {
		w.mu.Unlock()
		return
	}
	why, next := w.verdict(s, w.now())
	if why == 0 {
		if next > 0 {
			w.timer.Reset(next)
		}
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	w.cut(why, s.unacked)
}

// verdict returns the bound that is reached at a time, or how long it takes at
// least until one is; 0 is never.
func (w *guard) verdict(s sample, now time.Duration) (why EventKind, next time.Duration) {
	soon := func(d time.Duration) {
		if next == 0 || d < next {
			next = d
		}
	}
	if age := w.bounds.age; age > 0 {
		if now >= age {
			return CutAge, 0
		}
		soon(age - now)
	}
	if w.kernel && w.bounds.rate > 0 {
		if w.weigh(s, now) {
			return CutSlow, 0
		}
		soon(max(w.bounds.grace/2, time.Millisecond)) //nolint:mnd // often enough
	}
	if idle := w.bounds.idle; idle > 0 {
		w.advance(s, now)
		quiet := now - max(w.moved, time.Duration(w.last.Load()))
		if quiet >= idle {
			return CutIdle, 0
		}
		soon(idle - quiet)
	}
	w.seen = s
	return 0, next
}

// advance notes when there was traffic, by what the kernel has counted.
// Acknowledgements count if they are for new data: those of keep-alive probes
// are not, and a repetition that nobody answers changes nothing.
func (w *guard) advance(s sample, now time.Duration) {
	if s.received != w.seen.received {
		w.moved = max(w.moved, now-s.sinceReceived)
	}
	if s.acked != w.seen.acked {
		w.moved = max(w.moved, now-s.sinceAcked)
	}
}

// cut ends the conn. What the peer has not read is of no use to a slow client,
// and not deliverable if it does not acknowledge: then the conn is reset, and
// the kernel forgets it at once.
func (w *guard) cut(why EventKind, unacked bool) {
	w.stop()
	l := w.link
	e := &Error{Op: "cut", Network: l.raw.LocalAddr().Network(), Address: l.remoteAddr().String()}
	switch b := w.bounds; why {
	case CutIdle:
		e.Field, e.Value, e.Err = "IdleTimeout", b.idle.String(), expired("there was no traffic")
	case CutAge:
		e.Field, e.Value, e.Err = "MaxAge", b.age.String(), expired("its time is over")
	default:
		e.Field, e.Value, e.Err = "MinReceiveRate", formatRate(b.rate), expired("the client is slow")
	}
	if !w.cause.CompareAndSwap(nil, e) {
		return // another one did
	}
	event := Event{Kind: why, Local: l.localAddr(), Remote: l.remoteAddr(), Err: e}
	l.gate.happened(event, func() {
		if why == CutSlow || unacked {
			reset(l.raw)
		} else {
			l.raw.Close()
		}
		l.release()
	})
}

// explain replaces what a cut conn answers by the cause.
func (w *guard) explain(err error) error {
	if w != nil && err != nil {
		if cause := w.cause.Load(); cause != nil {
			return cause
		}
	}
	return err
}

// closed takes the result of a Close by the application: the first one after a
// cut is no failure.
func (w *guard) closed(err error) error {
	if w == nil || w.heard.Swap(true) || w.cause.Load() == nil {
		return err
	}
	return nil
}

// expired is the cause of a cut.
type expired string

func (e expired) Error() string { return string(e) }

// Timeout says that time ran out.
func (e expired) Timeout() bool { return true }

// Is makes it one of the errors of deadlines.
func (e expired) Is(target error) bool { return target == os.ErrDeadlineExceeded }

var _ net.Error = (*Error)(nil)
