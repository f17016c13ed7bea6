package listener

import (
	"errors"
	"slices"
	"time"
)

// backoff is how long to wait after failures to accept in a row: 5 ms, and then
// twice as long each time, up to 1 s.
type backoff struct{ last time.Duration }

func (b *backoff) next() time.Duration {
	const first, most = 5 * time.Millisecond, time.Second
	b.last = min(max(first, 2*b.last), most)
	return b.last
}

func (b *backoff) reset() { b.last = 0 }

// pause waits if a failure to accept is one that passes. It returns false if it
// is not, or if the listener was closed.
func (g *gate) pause(b *backoff, s *stream, err error) bool {
	if g.closed() || !passes(err) {
		return false
	}
	g.happened(Event{Kind: AcceptFailed, Local: s.Addr(), Err: s.failed("accept", err)}, nil)
	return sleep(b.next(), g.done)
}

// passes reports whether another try to accept can succeed.
func passes(err error) bool {
	return slices.ContainsFunc(passing, func(cause error) bool { return errors.Is(err, cause) })
}
