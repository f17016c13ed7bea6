package forward

import (
	"context"
	"errors"
	"net/netip"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

var errNoDialer = errors.New("no stream dialer")

// admit says what becomes of a SYN. The device's reader asks.
func (f *Forwarder) admit(src, _ netip.AddrPort, _ int) netstack.Verdict {
	if over := f.flows.over(src.Addr(), f.config.MaxFlows, f.config.MaxPerSource); over != overNone {
		f.stats.over[over].Add(1)
		return f.config.Overflow
	}
	return netstack.Admit
}

// request dials for a SYN, and answers it with what came of that.
func (f *Forwarder) request(r *netstack.TCPRequest) {
	to := f.streams.Load()
	w := newFlow(f, r.Src, r.Dst, to.generation)
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	w.giveUp = cancel
	if over := f.flows.dial(w, f.config.MaxFlows, f.config.MaxPerSource); over != overNone {
		f.stats.over[over].Add(1) // others came since admit was asked
		f.overflow(r)
		return
	}
	up, err := f.dial(ctx, r, to.dialer)
	if err != nil {
		f.refuse(r, err)
		f.flows.undo(w)
		w.report(FlowRefused, err)
		return
	}
	client, err := r.Accept()
	if err != nil {
		f.flows.undo(w)
		reset(up)
		w.report(FlowRefused, &Error{Op: "accept", Field: w.name(), Err: err})
		return
	}
	f.flows.open(w)
	f.stats.opened.Add(1)
	w.report(FlowOpened, nil)
	f.flows.run(w, client, up)
}

func (f *Forwarder) overflow(r *netstack.TCPRequest) {
	if f.config.Overflow == netstack.Reset {
		r.Reject()
	} else {
		r.Drop()
	}
}

// dial dials until the client gives up, or the flow's time to drain is over.
func (f *Forwarder) dial(ctx context.Context, r *netstack.TCPRequest, d tunx.StreamDialer) (tunx.StreamConn, error) {
	if d == nil {
		return nil, &Error{Op: "dial", Field: r.Dst.String(), Err: errNoDialer}
	}
	limited, cancel := context.WithTimeout(ctx, f.config.DialTimeout)
	defer cancel()
	up, err := d.DialStream(limited, r.Dst.String())
	if err == nil && up == nil {
		err = errors.New("the dialer returned no conn")
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = errors.Join(cause, err)
		}
		return nil, &Error{Op: "dial", Field: r.Dst.String(), Err: err}
	}
	return up, nil
}

// refuse answers a SYN as the network behind the dialer would have.
func (f *Forwarder) refuse(r *netstack.TCPRequest, err error) {
	switch reason, answer := judge(err); {
	case r.Context().Err() != nil:
		r.Drop() // nobody waits for an answer
	case answer == answerUnreachable:
		_ = r.Unreachable(reason) // the device is closed: so is the client's path
	case answer == answerNothing && !f.config.ResetOnTimeout:
		r.Drop()
	default:
		r.Reject()
	}
}
