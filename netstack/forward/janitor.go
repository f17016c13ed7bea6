package forward

import (
	"os"
	"time"
)

// beat is how often the janitor looks: the grain of idle times.
const beat = time.Second

// janitor resets the flows that were idle for too long.
func (f *Forwarder) janitor() {
	t := time.NewTicker(min(beat, f.shortest()/4+time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-t.C:
			f.sweep()
		}
	}
}

// shortest returns the shorter one of the timeouts.
func (f *Forwarder) shortest() time.Duration {
	short := 4 * beat
	for _, d := range []time.Duration{f.config.IdleTimeout, f.config.HalfCloseTimeout} {
		if d > 0 {
			short = min(short, d)
		}
	}
	return short
}

func (f *Forwarder) sweep() {
	for _, w := range f.flows.running() {
		limit := f.config.IdleTimeout
		if w.splice.HalfClosed() {
			limit = f.config.HalfCloseTimeout
		}
		if limit > 0 && w.splice.Idle() >= limit {
			w.abort(ErrIdle)
		}
	}
}

// ErrIdle is why a flow was reset that had no traffic for the time that the config gives.
// It is os.ErrDeadlineExceeded as well.
var ErrIdle error = idle{}

type idle struct{}

func (idle) Error() string { return "no traffic for too long" }
func (idle) Unwrap() error { return os.ErrDeadlineExceeded }
