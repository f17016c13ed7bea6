package dtlsx

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"
)

// A race shakes hands with the addresses of a name until one answers.
type race struct {
	dialer *dialer
	name   string
}

type finish struct {
	conn *Conn
	err  error
}

// run starts one after the other, the next one when the last one has failed or
// has had its time. It returns when all have ended: nothing runs on.
func (r *race) run(ctx context.Context, targets []netip.AddrPort) (*Conn, error) {
	if len(targets) == 1 {
		return r.dialer.attempt(ctx, targets[0], r.name)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan finish)
	var (
		winner  *Conn
		failed  attempts
		running int
	)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for running > 0 || winner == nil && len(targets) > 0 && ctx.Err() == nil {
		if running == 0 {
			timer.Reset(0)
		}
		select {
		case <-timer.C:
			if winner != nil || len(targets) == 0 || ctx.Err() != nil {
				continue
			}
			go r.one(ctx, targets[0], len(targets), ended)
			targets = targets[1:]
			running++
			if delay := r.dialer.FallbackDelay; delay > 0 {
				timer.Reset(delay)
			}
		case f := <-ended:
			running--
			switch {
			case f.err != nil && winner == nil:
				failed = append(failed, f.err)
				timer.Reset(0)
			case f.err == nil && winner == nil:
				winner = f.conn
				cancel()
			case f.err == nil:
				f.conn.Close()
			}
		}
	}
	if winner != nil {
		return winner, nil
	}
	return nil, failed.err(ctx)
}

// one shakes hands with one of so many addresses that are left. In a row each has
// its share of the time.
func (r *race) one(ctx context.Context, target netip.AddrPort, left int, ended chan<- finish) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 && r.dialer.FallbackDelay < 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	c, err := r.dialer.attempt(ctx, target, r.name)
	ended <- finish{c, err}
}

// attempts are what became of the addresses of a name that were tried, in the
// order in which they ended.
type attempts []error

// err is never nil: the context may have ended before anything began.
func (a attempts) err(ctx context.Context) error {
	switch len(a) {
	case 0:
		return context.Cause(ctx)
	case 1:
		return a[0]
	}
	return a
}

// Error returns them in a row.
func (a attempts) Error() string {
	texts := make([]string, len(a))
	for i, err := range a {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.Is and errors.As reach each cause.
func (a attempts) Unwrap() []error { return a }

// Timeout reports whether the dial ended because time ran out: the attempt that
// ended last did.
func (a attempts) Timeout() bool {
	e, ok := a[len(a)-1].(net.Error) //nolint:errorlint // ours is the outermost
	return ok && e.Timeout()
}
