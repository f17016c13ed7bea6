package quicx

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/quic-go/quic-go"
)

// link is one QUIC conn of a StreamDialer, from the start of its handshake.
type link struct {
	target target
	cancel context.CancelFunc // ends the handshake
	ready  chan struct{}      // closed when the handshake has ended
	conn   *quic.Conn         // set before that, as is err
	err    error

	// Guarded by the mutex of the StreamDialer.
	uses    int // open streams, and dials that wait for one
	retired bool
	idle    *time.Timer
}

// settled reports whether the handshake has ended.
func (l *link) settled() bool {
	select {
	case <-l.ready:
		return true
	default:
		return false
	}
}

// first waits for the handshake, and returns a stream if the peer allows one now.
func (l *link) first(ctx context.Context) (*quic.Stream, error) {
	select {
	case <-l.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.err != nil {
		return nil, l.err
	}
	return l.conn.OpenStream()
}

// isFull reports whether the peer allows no further stream on a conn now.
func isFull(err error) bool {
	_, full := errors.AsType[*quic.StreamLimitReachedError](err)
	return full
}

// take returns a link that the caller has to release, and with it a stream if
// there is one at once. It is stale if its handshake had ended before.
func (d *StreamDialer) take(ctx context.Context, t target) (l *link, s *quic.Stream, stale bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, nil, false, net.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, false, err
	}
	l, s = d.choose(t)
	if l == nil {
		l = d.start(ctx, t)
	}
	if l.idle != nil {
		l.idle.Stop()
		l.idle = nil
	}
	l.uses++
	return l, s, l.settled(), nil
}

// choose returns a link with room for a stream, else one in its handshake, else
// nil if there may be another one, else the one with the fewest streams.
func (d *StreamDialer) choose(t target) (*link, *quic.Stream) {
	var handshaking, least *link
	for _, l := range slices.Clone(d.usable[t]) {
		if !l.settled() {
			handshaking = l
			continue
		}
		stream, err := l.conn.OpenStream()
		if err == nil {
			return l, stream
		}
		if !isFull(err) {
			d.drop(l)
			continue
		}
		if least == nil || l.uses < least.uses {
			least = l
		}
	}
	switch {
	case handshaking != nil:
		return handshaking, nil
	case len(d.usable[t]) < d.config.MaxConnsPerAddress:
		return nil, nil
	}
	return least, nil
}

// start begins a handshake that belongs to no single dial.
func (d *StreamDialer) start(ctx context.Context, t target) *link {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &link{target: t, cancel: cancel, ready: make(chan struct{})}
	d.usable[t] = append(d.usable[t], l)
	d.all[l] = struct{}{}
	d.work.Go(func() {
		defer cancel()
		d.finish(ctx, l)
	})
	return l
}

// finish does the handshake. A conn that nobody waits for any more is closed.
func (d *StreamDialer) finish(ctx context.Context, l *link) {
	conn, err := d.dialer.DialContext(ctx, l.target.network, l.target.address)
	d.mu.Lock()
	defer d.mu.Unlock()
	defer close(l.ready)
	l.conn, l.err = conn, err
	if d.closed {
		l.err = net.ErrClosed
	}
	if err != nil {
		l.conn = nil
		d.forget(l)
		return
	}
	context.AfterFunc(conn.Context(), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.forget(l)
	})
	if l.uses == 0 && !d.closed {
		d.expire(l, 0)
	}
}

// release ends a use of a link.
func (d *StreamDialer) release(l *link) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.uses--; l.uses > 0 {
		return
	}
	switch {
	case !l.settled():
		l.cancel()
		d.drop(l)
	case l.conn == nil || d.closed:
	case l.retired:
		d.expire(l, d.config.Linger)
	default:
		d.expire(l, d.config.IdleTimeout)
	}
}

// expire closes the conn of a link later, if there are still no streams then.
func (d *StreamDialer) expire(l *link, delay time.Duration) {
	if l.conn.Context().Err() != nil {
		return
	}
	var timer *time.Timer
	timer = d.after(delay, func() {
		d.mu.Lock()
		due := l.idle == timer
		if due {
			d.drop(l)
		}
		d.mu.Unlock()
		if due {
			_ = l.conn.CloseWithError(0, "") // returns nil
		}
	})
	l.idle = timer
}

// retire sends no more dials to a link: it is dead, or its peer wants no more.
func (d *StreamDialer) retire(l *link) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drop(l)
	if l.uses == 0 && l.conn != nil && !d.closed {
		d.expire(l, d.config.Linger)
	}
}

// drop takes a link out of those that dials use.
func (d *StreamDialer) drop(l *link) {
	l.retired = true
	rest := slices.DeleteFunc(d.usable[l.target], func(other *link) bool { return other == l })
	if d.usable[l.target] = rest; len(rest) == 0 {
		delete(d.usable, l.target)
	}
}

// forget drops a link whose conn has ended.
func (d *StreamDialer) forget(l *link) {
	d.drop(l)
	delete(d.all, l)
	if l.idle != nil {
		l.idle.Stop()
		l.idle = nil
	}
}
