package netstack

import (
	"errors"
	"io"
	"net"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/strata-net/strata/tunx"
)

// What a device fails to read is tried again after a pause that doubles.
const (
	minPause = time.Millisecond
	maxPause = time.Second
)

// read gives what comes from a queue to the engine until the device is closed.
func (l *link) read(p port) {
	size, pause := p.size(), minPause
	var v *buffer.View
	for {
		if v == nil {
			v = buffer.NewViewSize(size)
		}
		n, o, err := p.read(v.AsSlice())
		switch {
		case err == nil && n > 0:
			pause = minPause
			l.stats.received(n)
			v = l.receive(v, n, o)
			if n == size { // it may have been cut, because the MTU has grown
				size, v = p.grown(size, v)
			}
		case err != nil && !l.pause(&pause, err):
			v.Release()
			return
		}
	}
}

// size returns the length of the longest packet that can come.
func (p *port) size() int {
	if p.offload != nil {
		return max(p.dev.MTU(), p.offload.MaxSegment())
	}
	return p.dev.MTU()
}

// grown returns the size of now, and v unless that is too short.
func (p *port) grown(size int, v *buffer.View) (int, *buffer.View) {
	now := p.size()
	if now > size && v != nil {
		v.Release()
		v = nil
	}
	return max(now, size), v
}

func (p *port) read(b []byte) (int, tunx.Offload, error) {
	if p.offload != nil {
		return p.offload.ReadOffload(b)
	}
	n, err := p.dev.Read(b)
	return n, tunx.Offload{}, err
}

// pause waits before the next try, and reports whether there is one.
func (l *link) pause(d *time.Duration, err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return false
	}
	t := time.NewTimer(*d)
	defer t.Stop()
	*d = min(2**d, maxPause)
	select {
	case <-t.C:
		return true
	case <-l.closed:
		return false
	}
}

// receive passes on the packet in the first n bytes of v. It returns v if that can be read
// into again: a packet that fills less than half of it is copied, so that what waits in an
// endpoint's buffer is no larger than twice what counts there.
func (l *link) receive(v *buffer.View, n int, o tunx.Offload) *buffer.View {
	p := v.AsSlice()[:n]
	if l.fromSelf(p) {
		l.stats.rxDropped.Add(1)
		return v
	}
	if l.s.intercept(l.id, p, o) {
		return v
	}
	if l.s.config.Forwarding && l.forward(p, o) {
		return v
	}
	valid := validated(p, o)
	if o.Segment != 0 && isUDP(p) { // the engine takes large TCP segments only
		if segments(p, o, func(q []byte) { l.deliverParts(q, nil, valid) }) != nil {
			l.stats.rxDropped.Add(1)
		}
		return v
	}
	if n <= v.Size()/2 {
		l.deliverParts(p, nil, valid)
		return v
	}
	v.CapLength(n)
	l.deliverParts(p, v, valid)
	return nil
}

// headSize is room for the headers of nearly every packet, and a size of the engine's pools.
const headSize = 128

// deliverParts delivers the packet p, which is what v holds if there is one. The headers
// get a view of their own: the engine copies the view that they are in, all of it, as often
// as it looks at them while somebody else has a reference.
func (l *link) deliverParts(p []byte, v *buffer.View, valid bool) {
	head := min(len(p), headSize)
	payload := buffer.MakeWithView(buffer.NewViewWithData(p[:head]))
	if v == nil && head < len(p) {
		v = buffer.NewViewWithData(p[head:])
	} else if v != nil {
		v.TrimFront(head)
	}
	if v != nil {
		_ = payload.Append(v) // the head is full, so nothing is copied that could fail
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: payload})
	defer pkt.DecRef()
	l.deliver(pkt, valid)
}

// deliver gives a packet to the engine's network layer.
func (l *link) deliver(pkt *stack.PacketBuffer, valid bool) {
	first, _ := pkt.Data().PullUp(1) // of nothing is no version
	pkt.RXChecksumValidated = valid
	switch header.IPVersion(first) {
	case header.IPv4Version:
		l.ipv4.HandlePacket(pkt)
	case header.IPv6Version:
		l.ipv6.HandlePacket(pkt)
	default:
		l.s.unknown.Add(1)
		l.stats.rxDropped.Add(1)
	}
}

// validated reports whether the engine need not look at the checksums of a packet: the
// transport's was, or is not there yet because the packet comes from this machine. Of a
// fragment nobody knows. The IPv4 header's is always there.
func validated(p []byte, o tunx.Offload) bool {
	if !o.ChecksumValidated && !o.NeedsChecksum {
		return false
	}
	if header.IPVersion(p) != header.IPv4Version {
		return true
	}
	h := header.IPv4(p)
	if len(p) < header.IPv4MinimumSize || int(h.HeaderLength()) < header.IPv4MinimumSize || int(h.HeaderLength()) > len(p) {
		return false
	}
	return h.IsChecksumValid() && !h.More() && h.FragmentOffset() == 0
}
