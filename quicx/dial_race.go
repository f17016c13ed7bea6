package quicx

import (
	"context"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"
)

// defaultFallbackDelay is what package net has; RFC 8305, section 8, says 100 ms to 2 s, 250 ms for those who know
// nothing of the network.
const defaultFallbackDelay = 300 * time.Millisecond

// A race dials the addresses of a name, a little after each other.
type race struct {
	delay   time.Duration // negative: one after the other
	attempt func(context.Context, netip.AddrPort) (*quic.Conn, error)
}

// An outcome is how an attempt has ended.
type outcome struct {
	addr netip.AddrPort
	conn *quic.Conn
	err  error
}

// run returns the first conn. When it returns, all attempts have ended, and conns that came too late are closed.
func (r *race) run(ctx context.Context, addrs []netip.AddrPort) (*quic.Conn, error) {
	if len(addrs) == 1 {
		return r.attempt(ctx, addrs[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan outcome, len(addrs))
	running := 0
	defer func() {
		cancel()
		for ; running > 0; running-- {
			if o := <-ended; o.conn != nil {
				o.conn.CloseWithError(0, "") //nolint:errcheck // it has none
			}
		}
	}()
	timer := time.NewTimer(0) // fires for the first one
	defer timer.Stop()
	var failed Attempts
	for running > 0 || len(addrs) > 0 && ctx.Err() == nil {
		select {
		case <-timer.C:
		case o := <-ended:
			running--
			if o.conn != nil {
				return o.conn, nil
			}
			failed = append(failed, &Error{Op: "dial", Network: family(o.addr.Addr()), Address: o.addr.String(), Err: o.err})
		}
		if len(addrs) > 0 && ctx.Err() == nil {
			go r.start(ctx, addrs[0], len(addrs), ended)
			addrs = addrs[1:]
			running++
			timer.Stop()
			if r.delay > 0 {
				timer.Reset(r.delay)
			}
		}
	}
	if len(failed) == 0 {
		return nil, context.Cause(ctx)
	}
	return nil, failed
}

// start dials one address of those that are left, and tells how it ended.
func (r *race) start(ctx context.Context, a netip.AddrPort, left int, ended chan<- outcome) {
	if deadline, ok := ctx.Deadline(); ok && r.delay < 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, share(time.Until(deadline), left))
		defer cancel()
	}
	conn, err := r.attempt(ctx, a)
	ended <- outcome{a, conn, err}
}

// share divides the time that is left between the addresses, but gives each 2 s if there are as many, at the expense of
// the last ones. It is the rule of package net.
func share(left time.Duration, addrs int) time.Duration {
	const least = 2 * time.Second
	return max(left/time.Duration(addrs), min(left, least))
}
