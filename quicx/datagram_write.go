package quicx

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/quic-go/quic-go"
)

// sendQueue is how many datagrams wait for quic-go, which queues 32 itself.
const sendQueue = 32

var errNotPeer = errors.New("is not the peer's address, and a QUIC conn has no other")

// Write is WriteTo the peer.
func (d *DatagramConn) Write(b []byte) (int, error) {
	if err := d.send(b); err != nil {
		return 0, d.tooLarge(len(b), err)
	}
	d.sent.Add(1)
	return len(b), nil
}

// WriteTo queues b as one datagram. The address is nil or the peer's. A datagram
// that is too large is a *quic.DatagramTooLargeError, which has the largest size;
// that grows while quic-go finds out the MTU of the path. It waits while the
// queues are full (64 datagrams), that is, for congestion control. What is queued
// is sent after Close too.
func (d *DatagramConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if to != nil && to.String() != d.RemoteAddr().String() {
		return 0, d.failed("write", to.String(), errNotPeer)
	}
	return d.Write(b)
}

// send queues a copy of b for the sender: quic-go's SendDatagram waits without a
// context, so that the goroutine which calls it cannot be the caller's.
func (d *DatagramConn) send(b []byte) error {
	if err := d.fits(len(b)); err != nil {
		return err
	}
	d.start.Do(func() { go d.sender() })
	for {
		ctx := d.write.context()
		err := context.Cause(ctx)
		if err == nil {
			err = d.enqueue(ctx, b)
		}
		if !errors.Is(err, errDeadlineMoved) {
			return err
		}
	}
}

// enqueue waits for room in the queue.
func (d *DatagramConn) enqueue(ctx context.Context, b []byte) error {
	if err := context.Cause(d.conn.Context()); err != nil {
		return err
	}
	p := buffers1500.Get().(*[]byte) //nolint:forcetypeassert // nothing else is in it
	*p = append((*p)[:0], b...)
	select {
	case d.queue <- p:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.conn.Context().Done():
		return context.Cause(d.conn.Context())
	}
}

var buffers1500 = sync.Pool{New: func() any { b := make([]byte, 0, 1500); return &b }}

// oversize is larger than any datagram: quic-go answers with what fits.
var oversize [1 << 16]byte

// fits asks quic-go when a datagram is larger than all that fitted before.
func (d *DatagramConn) fits(n int) error {
	if int64(n) <= d.fitted.Load() {
		return nil
	}
	err := d.conn.SendDatagram(oversize[:])
	large, ok := errors.AsType[*quic.DatagramTooLargeError](err)
	if !ok || int64(n) > large.MaxDatagramPayloadSize {
		return err
	}
	d.fitted.Store(large.MaxDatagramPayloadSize)
	return nil
}

// sender sends what is queued, until the QUIC conn ends or, after Close, the
// queue is empty.
func (d *DatagramConn) sender() {
	for {
		select {
		case p := <-d.queue:
			d.pass(p)
			continue
		case <-d.conn.Context().Done(): // which pass notes
		case <-d.done:
		}
		select {
		case p := <-d.queue:
			d.pass(p)
		default:
			return
		}
	}
}

// pass gives a datagram to quic-go. It may not fit any more, when the conn has
// moved to another path.
func (d *DatagramConn) pass(p *[]byte) {
	if d.conn.SendDatagram(*p) != nil {
		d.dropped.Add(1)
		d.fitted.Store(0)
	}
	buffers1500.Put(p)
}
