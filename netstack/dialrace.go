package netstack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"
)

// dial is one dial of a dialer: several attempts.
type dial struct {
	*Dialer

	n network
}

// all tries the targets: family against family when there are both.
func (d *dial) all(ctx context.Context, targets []netip.AddrPort) (net.Conn, error) {
	first, second := families(targets)
	if len(second) == 0 || d.FallbackDelay < 0 {
		return d.serial(ctx, targets)
	}
	return d.race(ctx, first, second)
}

// families splits targets into those of the first one's family and the others.
func families(targets []netip.AddrPort) (first, second []netip.AddrPort) {
	for _, t := range targets {
		if t.Addr().Is4() == targets[0].Addr().Is4() {
			first = append(first, t)
		} else {
			second = append(second, t)
		}
	}
	return first, second
}

type outcome struct {
	conn net.Conn
	err  error
}

// race gives the first family a start, and waits for both: what comes second is closed.
func (d *dial) race(ctx context.Context, first, second []netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan struct{})
	slow := make(chan outcome, 1)
	go func() {
		if !d.headStart(ctx, failed) {
			slow <- outcome{err: d.fail(d.n, second[0], ended(ctx, nil))}
			return
		}
		conn, err := d.serial(ctx, second)
		if err == nil {
			cancel()
		}
		slow <- outcome{conn, err}
	}()
	conn, err := d.serial(ctx, first)
	if err == nil {
		cancel()
	} else {
		close(failed)
	}
	return choose(outcome{conn, err}, <-slow)
}

// headStart waits until the first family has failed or had its time. It reports whether the
// second one is to be tried.
func (d *dial) headStart(ctx context.Context, failed <-chan struct{}) bool {
	delay := d.FallbackDelay
	if delay == 0 {
		delay = 300 * time.Millisecond
	}
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-failed:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// choose returns the first conn there is.
func choose(a, b outcome) (net.Conn, error) {
	switch {
	case a.err == nil && b.err == nil:
		_ = b.conn.Close()
		return a.conn, nil
	case a.err == nil:
		return a.conn, nil
	case b.err == nil:
		return b.conn, nil
	}
	return nil, join(a.err, b.err)
}

// serial tries targets one after another, each for its share of the time that is left.
func (d *dial) serial(ctx context.Context, targets []netip.AddrPort) (net.Conn, error) {
	var errs []error
	for i, t := range targets {
		conn, err := d.share(ctx, t, len(targets)-i)
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, join(errs...)
}

// share tries t, with 1/n of the time that is left but at least two seconds of it.
func (d *dial) share(ctx context.Context, t netip.AddrPort, n int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && n > 1 {
		left := time.Until(deadline)
		part, cancel := context.WithTimeout(ctx, max(left/time.Duration(n), min(left, 2*time.Second)))
		defer cancel()
		ctx = part
	}
	conn, err := d.one(ctx, t)
	if err != nil {
		return nil, d.fail(d.n, t, err)
	}
	return conn, nil
}

// join returns one error of the shape of package net that is all of errs, which have it.
func join(errs ...error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	op := errs[0].(*net.OpError) //nolint:errorlint // the outermost
	return &net.OpError{Op: op.Op, Net: op.Net, Source: op.Source, Err: attempts(errs)}
}

// attempts are the errors of several addresses.
type attempts []error

func (a attempts) Error() string {
	texts := make([]string, len(a))
	for i, err := range a {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (a attempts) Unwrap() []error { return a }

// Timeout reports whether the last one ran out of time.
func (a attempts) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(a[len(a)-1], &t) && t.Timeout()
}
