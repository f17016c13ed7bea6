package listener

import (
	"net"
	"os"
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

// span returns the time in which a conn can reach a bound at the earliest.
func (b *bounds) span() time.Duration {
	span := farthest
	for _, d := range []time.Duration{b.idle, b.age, b.pace()} {
		if d > 0 {
			span = min(span, d)
		}
	}
	return span
}

// pace is how often the rate is looked at; 0 if there is none.
func (b *bounds) pace() time.Duration {
	if b.rate == 0 {
		return 0
	}
	return max(b.grace/2, time.Millisecond) //nolint:mnd // often enough
}

// guard ends a conn that is idle, old or slow. The sweeper looks at it when a
// bound can be reached. Where the kernel counts traffic (TCP on Linux) it is
// asked then, which costs nothing per Read and Write and sees through a copy
// that never leaves the kernel. Elsewhere Read and Write count.
//
// There is one for each conn, so each byte counts. Times are on the sweeper's
// clock.
type guard struct {
	seat // of the sweeper, as is swept

	swept  bool // the sweeper has it
	kernel bool // counts the traffic
	state  atomic.Uint32
	link   *link
	began  time.Duration
	last   atomic.Int64 // traffic
	seen   traffic      // by the sweeper
	meter  *meter       // nil if there is no rate
}

// States of a guard: open, closed by the application, or the EventKind of a cut,
// together with what is known of that.
const (
	closedState = uint32(eventKinds)
	shown       = 1 << 8 // reads and writes tell the cause
	heard       = 1 << 9 // the application has closed the conn that was cut
	kindMask    = shown - 1
)

// begin lets the bounds hold from now on.
func (w *guard) begin(s *stream) {
	if w == nil {
		return
	}
	w.kernel = kernelCounts(w.link.raw, s.plain != nil)
	w.began = w.now()
	w.last.Store(int64(w.began))
	if w.meter != nil {
		w.meter.start, w.meter.running = w.began, true
	}
	w.sweeper().add(w, w.began)
}

// stop ends the guarding of a conn that the application closes.
func (w *guard) stop() {
	if w != nil {
		w.state.CompareAndSwap(0, closedState)
		w.sweeper().remove(w)
	}
}

func (w *guard) open() bool { return w.state.Load() == 0 }

func (w *guard) bounds() *bounds { return w.link.gate.bounds }

func (w *guard) sweeper() *sweeper { return w.link.gate.sweeper }

func (w *guard) now() time.Duration { return w.sweeper().now() }

// look returns the bound that is reached, or the time in which one can be at the
// earliest; neither if the application has closed the bare conn.
func (w *guard) look(now time.Duration) (why EventKind, next time.Duration) {
	var s sample
	if w.kernel {
		var err error
		if s, err = readSample(w.link.raw); err != nil {
			return 0, 0
		}
	}
	return w.verdict(s, now)
}

func (w *guard) verdict(s sample, now time.Duration) (why EventKind, next time.Duration) {
	b := w.bounds()
	next = farthest
	if b.age > 0 {
		left := b.age - (now - w.began)
		if left <= 0 {
			return CutAge, 0
		}
		next = min(next, left)
	}
	if w.kernel && b.rate > 0 {
		if w.weigh(s, now) {
			return CutSlow, 0
		}
		next = min(next, b.pace())
	}
	if b.idle > 0 {
		w.advance(s, now)
		left := b.idle - (now - time.Duration(w.last.Load()))
		if left <= 0 {
			return CutIdle, 0
		}
		next = min(next, left)
	}
	w.seen = s.traffic
	return 0, next
}

// advance notes when there was traffic, by what the kernel has counted.
// Acknowledgements count if they are for new data: those of keep-alive probes
// are not, and a repetition that nobody answers changes nothing.
func (w *guard) advance(s sample, now time.Duration) {
	last := w.last.Load()
	if s.received != w.seen.received {
		last = max(last, int64(now-s.sinceReceived))
	}
	if s.acked != w.seen.acked {
		last = max(last, int64(now-s.sinceAcked))
	}
	if w.kernel {
		w.last.Store(last)
	}
}

// cut ends the conn, unless somebody else did. What the peer has not read is of
// no use to a slow client, and not deliverable if it does not acknowledge: then
// the conn is reset, and the kernel forgets it at once.
func (w *guard) cut(why EventKind) {
	if !w.state.CompareAndSwap(0, uint32(why)) {
		return
	}
	w.sweeper().remove(w)
	l := w.link
	event := Event{Kind: why, Local: l.localAddr(), Remote: l.remoteAddr(), Err: w.cause(why)}
	end, tell := l.farewell(), false
	l.gate.happened(event, func() {
		w.state.Or(shown)
		if why == CutSlow || w.unacked() {
			reset(l.raw)
		} else {
			l.raw.Close()
		}
		tell = l.release()
	})
	if tell {
		l.gate.onEvent(end)
	}
}

// unacked reports whether bytes wait for the peer.
func (w *guard) unacked() bool {
	if !w.kernel {
		return false
	}
	s, err := readSample(w.link.raw)
	return err == nil && s.unacked
}

// cause returns the error of a cut.
func (w *guard) cause(why EventKind) *Error {
	l := w.link
	e := &Error{Op: "cut", Network: l.raw.LocalAddr().Network(), Address: l.remoteAddr().String()}
	switch b := w.bounds(); why {
	case CutIdle:
		e.Field, e.Value, e.Err = "IdleTimeout", b.idle.String(), expired("there was no traffic")
	case CutAge:
		e.Field, e.Value, e.Err = "MaxAge", b.age.String(), expired("its time is over")
	default:
		e.Field, e.Value, e.Err = "MinReceiveRate", formatRate(b.rate), expired("the client is slow")
	}
	return e
}

// explain replaces what a cut conn answers by the cause.
func (w *guard) explain(err error) error {
	if w == nil || err == nil {
		return err
	}
	if state := w.state.Load(); state&shown != 0 {
		return w.cause(EventKind(state & kindMask))
	}
	return err
}

// closed takes the result of a Close by the application: the first one after a
// cut is no failure.
func (w *guard) closed(err error) error {
	if w == nil {
		return err
	}
	if old := w.state.Or(heard); old&kindMask == closedState || old&heard != 0 {
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
