package quicx

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// errDeadlineMoved ends the context of a deadline that was replaced.
var errDeadlineMoved = errors.New("the deadline has moved")

// deadline is a deadline as a context that ends with it, for calls that take
// one. Setting it costs a context, using it nothing.
type deadline struct {
	mu     sync.Mutex
	closed bool
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// context returns the context of today's deadline: its cause is
// os.ErrDeadlineExceeded, net.ErrClosed, or errDeadlineMoved, after which there
// is another one.
func (d *deadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ctx
}

// init makes the first context, without a deadline.
func (d *deadline) init() { d.ctx, d.cancel = context.WithCancelCause(context.Background()) }

// set moves the deadline. Zero is none.
func (d *deadline) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return net.ErrClosed
	}
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	moved := d.cancel
	ctx, cancel := context.WithCancelCause(context.Background())
	d.ctx, d.cancel = ctx, cancel
	switch left := time.Until(t); {
	case t.IsZero():
	case left <= 0:
		cancel(os.ErrDeadlineExceeded)
	default:
		d.timer = time.AfterFunc(left, func() { cancel(os.ErrDeadlineExceeded) })
	}
	moved(errDeadlineMoved)
	return nil
}

// close ends it for good.
func (d *deadline) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.timer != nil {
		d.timer.Stop()
	}
	// The old one may have passed already; this one says why.
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(net.ErrClosed)
	d.cancel(errDeadlineMoved)
	d.ctx, d.cancel = ctx, cancel
}
