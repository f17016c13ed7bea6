package netstack

import (
	"encoding/binary"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/strata-net/strata/tunx"
)

// The types of the messages of ICMP that are handled here (IANA).
const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
	unreachable4             = 3
	unreachable6             = 1
)

// Echo is an ICMP echo message: a ping, or the answer to one.
type Echo struct {
	NIC      NICID // where it came in, or goes out; 0 asks the route table
	Src, Dst netip.Addr
	ID, Seq  uint16
	Data     []byte
}

// HandleEcho hands every echo request of both families to h, whole: reassembled, with a
// checksum that was found right. The stack answers none of them any more. nil ends that: then
// the stack answers for its own addresses.
//
// h is called by the device's reader: it must not wait, nor keep the data.
func (s *Stack) HandleEcho(h func(Echo)) {
	if h == nil {
		s.handlers.echo.Store(nil)
		return
	}
	s.handlers.echo.Store(&h)
}

// SendEchoReply sends the answer e, past the endpoints: from any address. What is longer
// than the device's MTU goes in fragments. It never waits for the device: up to 256 packets
// do, and what is above fails with [ErrNoBufferSpace].
func (s *Stack) SendEchoReply(e Echo) error {
	o, err := s.outlet(e.NIC, e.Src.Unmap(), e.Dst.Unmap())
	if err != nil {
		return err
	}
	m := newICMP(e.Src, e.Dst, e.Data)
	defer m.release()
	m.header[0] = echoReply6
	if m.src.Is4() {
		m.header[0] = echoReply4
	}
	binary.BigEndian.PutUint16(m.header[4:], e.ID)
	binary.BigEndian.PutUint16(m.header[6:], e.Seq)
	return m.send(o)
}

func newICMP(src, dst netip.Addr, data []byte) *message {
	t := ICMPv6
	if src.Unmap().Is4() {
		t = ICMPv4
	}
	m := newMessage(src, dst, t, 2, data)
	m.queued = true
	return m
}

// interceptEcho takes echo requests; other messages are the engine's.
func (*Stack) interceptEcho(id NICID, v *packet, o tunx.Offload, h func(Echo)) bool {
	t := v.transport
	if len(t) < headerICMP || t[1] != 0 || !isEchoRequest(v.protocol, t[0]) || v.src.Is4() != (v.protocol == uint8(ICMPv4)) {
		return false
	}
	sum := uint32(0)
	if v.src.Is6() {
		sum = pseudo(v.src, v.dst, v.protocol, len(t))
	}
	if !o.NeedsChecksum && sum16(t, sum) != 0xffff {
		return false
	}
	h(newEcho(id, v.src, v.dst, t[4:headerICMP], t[headerICMP:]))
	return true
}

func isEchoRequest(protocol, kind uint8) bool {
	return protocol == uint8(ICMPv4) && kind == echoRequest4 || protocol == uint8(ICMPv6) && kind == echoRequest6
}

func newEcho(id NICID, src, dst netip.Addr, head, data []byte) Echo {
	return Echo{
		NIC: id, Src: src, Dst: dst, ID: binary.BigEndian.Uint16(head), Seq: binary.BigEndian.Uint16(head[2:]), Data: data,
	}
}

// engineEcho takes the requests that came through the engine. It has checked them, but for
// the checksum of ICMPv4: it passes on damaged requests as well.
func (s *Stack) engineEcho(id stack.TransportEndpointID, pkt *stack.PacketBuffer) bool {
	h, t := s.handlers.echo.Load(), pkt.TransportHeader().Slice()
	protocol := uint8(ICMPv6)
	if pkt.NetworkProtocolNumber == header.IPv4ProtocolNumber {
		protocol = uint8(ICMPv4)
	}
	if h == nil || len(t) < headerICMP || !isEchoRequest(protocol, t[0]) {
		return false
	}
	if protocol == uint8(ICMPv4) && sum16(t, uint32(pkt.Data().Checksum())) != 0xffff {
		return false
	}
	data := pkt.Data().AsRange().ToView()
	defer data.Release()
	(*h)(newEcho(NICID(pkt.NICID), netAddr(id.RemoteAddress), netAddr(id.LocalAddress), t[4:headerICMP], data.AsSlice()))
	return true
}
