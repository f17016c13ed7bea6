package dialer

import (
	"context"
	"net"
	"sync"
	"time"
)

// record gathers the steps of a dial that somebody wants to hear of. It is in the
// context; without it steps cost a look at the plan.
type record struct {
	mu     sync.Mutex
	steps  []taken
	sealed bool
}

// taken is a step with what is not told.
type taken struct {
	Step

	ended bool
	conn  net.Conn // of a StepConnect
}

// recordKey is where the context of a dial has its record.
type recordKey struct{}

// recordOf returns nil if nobody wants to hear.
func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

// begin notes that a step has begun, and returns its number.
func (r *record) begin(kind StepKind, address string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, taken{Step: Step{Kind: kind, Address: address, Start: time.Now()}})
	return len(r.steps) - 1
}

// end notes how a step has ended, unless the dial was over before.
func (r *record) end(i int, conn net.Conn, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.sealed {
		s := &r.steps[i]
		s.ended, s.Duration, s.conn, s.Err = true, time.Since(s.Start), conn, err
	}
}

// won notes which conn the dial goes on with.
func (r *record) won(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.steps {
		if s := &r.steps[i]; s.conn == conn {
			s.Won = true
		}
	}
}

// seal returns the steps. Those that are in progress have lost their race.
func (r *record) seal() []Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sealed = true
	steps := make([]Step, len(r.steps))
	for i, s := range r.steps {
		if steps[i] = s.Step; !s.ended {
			steps[i].Duration, steps[i].Err = time.Since(s.Start), context.Canceled
		}
	}
	r.steps = nil
	return steps
}
