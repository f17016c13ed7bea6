package connectudp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/strata-net/strata/quicx/http3x"
)

const (
	protocol        = "connect-udp"
	capsuleField    = http3.CapsuleProtocolHeader
	datagramCapsule = http3.CapsuleType(0)
	// maxPayload is that of UDP without IPv6's jumbograms (RFC 9298, section 5).
	maxPayload = 65527
	// bufferSize is for what is to be sent: QUIC packets of quic-go have at most 1452 bytes.
	bufferSize = 2 << 10
)

// flow is a stream that carries UDP payloads.
type flow struct {
	conn      *http3x.ExtendedConn
	datagrams bool // both sides have them

	capsules sync.Mutex
	rest     []byte // of the capsule that a deadline has cut

	sent, received, dropped atomic.Uint64
}

// send sends a payload, that has a zero byte in front: the context. One that is
// too large is dropped, and a *quic.DatagramTooLargeError.
func (f *flow) send(context0 []byte) error {
	var err error
	if f.datagrams {
		err = f.conn.SendDatagram(context0)
	} else {
		err = f.sendCapsule(context0)
	}
	if _, large := errors.AsType[*quic.DatagramTooLargeError](err); large {
		f.dropped.Add(1)
	} else if err == nil {
		f.sent.Add(1)
	}
	return err
}

// sendCapsule sends a payload in the stream. What a deadline has left of the one
// before goes first: the peer would take the next for the rest of it.
func (f *flow) sendCapsule(context0 []byte) error {
	b := quicvarint.Append(make([]byte, 0, len(context0)+8), uint64(datagramCapsule))
	b = quicvarint.Append(b, uint64(len(context0)))
	f.capsules.Lock()
	defer f.capsules.Unlock()
	n, err := f.conn.Write(f.rest)
	if f.rest = f.rest[n:]; err != nil {
		return err
	}
	b = append(b, context0...)
	n, err = f.conn.Write(b)
	if n > 0 {
		f.rest = b[n:]
	}
	return err
}

// receive hands payloads to deliver until the flow ends, one at a time from each
// way on which they come. It returns when both have ended.
func (f *flow) receive(ctx context.Context, deliver func([]byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.receiveDatagrams(ctx, deliver)
	}()
	err := f.receiveCapsules(f.conn, deliver)
	cancel()
	<-ended
	return err
}

func (f *flow) receiveDatagrams(ctx context.Context, deliver func([]byte) error) {
	for {
		b, err := f.conn.ReceiveDatagram(ctx)
		if err != nil {
			return
		}
		if err := f.deliver(b, deliver); err != nil {
			_ = f.conn.Close() // wakes the other
			return
		}
	}
}

func (f *flow) receiveCapsules(from io.Reader, deliver func([]byte) error) error {
	capsules := http3.NewCapsuleParser(from)
	for {
		kind, r, err := capsules.Next()
		switch {
		case err != nil:
			return err
		case kind != datagramCapsule: // RFC 9297, section 3.2: skipped
			err = r.Discard()
		case r.Remaining() < 0 || r.Remaining() > maxPayload+8:
			return fmt.Errorf("a datagram has more than %d bytes", maxPayload)
		default:
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = f.deliver(b, deliver)
			}
		}
		if err != nil {
			return err
		}
	}
}

// deliver takes off the context.
func (f *flow) deliver(b []byte, deliver func([]byte) error) error {
	id, n, err := quicvarint.Parse(b)
	switch {
	case err == nil && id == 0 && len(b)-n > maxPayload:
		return fmt.Errorf("a datagram has more than %d bytes", maxPayload)
	case err == nil && id == 0:
		return deliver(b[n:])
	}
	f.dropped.Add(1) // half a number, or a context that nobody has registered
	return nil
}
