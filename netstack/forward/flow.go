package forward

import (
	"context"
	"io"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/netstack"
)

// flow is a TCP flow: one that is being dialled, or a client's conn and the dialled one.
type flow struct {
	f          *Forwarder
	id         uint64
	src, dst   netip.AddrPort
	generation uint64
	started    time.Time
	open       bool             // the dial has succeeded; guarded by the table
	splice     *netstack.Splice // nil until it copies; guarded by the table
	aborting   atomic.Bool
	giveUp     context.CancelCauseFunc // ends the dial; set before the table has the flow
	doomed     error                   // why it may not run; guarded by the table
}

func newFlow(f *Forwarder, src, dst netip.AddrPort, generation uint64) *flow {
	return &flow{f: f, src: src, dst: dst, generation: generation, started: time.Now()}
}

func (w *flow) name() string { return w.src.String() + " to " + w.dst.String() }

// ended is called when both directions have ended or the flow was reset.
func (w *flow) ended(cause error) {
	if cause != nil {
		cause = &Error{Op: "copy", Field: w.name(), Err: cause}
	}
	w.report(FlowClosed, cause)
	w.f.flows.remove(w)
}

// abort resets a flow that copies, in a goroutine of its own: the Close of a dialled conn
// may take seconds, as that of TLS does whose peer reads nothing.
func (w *flow) abort(cause error) {
	if w.aborting.CompareAndSwap(false, true) {
		go w.splice.Abort(cause)
	}
}

// reset closes a conn so that its peer reads a reset where the conn can do that.
func reset(c io.Closer) {
	if l, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0)
	}
	_ = c.Close()
}
