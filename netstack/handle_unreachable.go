package netstack

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Unreachable is why a packet cannot be delivered, as ICMP tells it to the sender.
type Unreachable uint8

// The reasons (RFC 792, RFC 1812, RFC 4443).
const (
	PortUnreachable Unreachable = iota
	HostUnreachable
	NetworkUnreachable
	Prohibited // a policy forbids it
)

// codes are those of ICMP and of ICMPv6.
var codes = [...][2]uint8{
	PortUnreachable:    {3, 4},
	HostUnreachable:    {1, 3},
	NetworkUnreachable: {0, 0},
	Prohibited:         {13, 1},
}

// SendUnreachable tells the sender of UDP datagrams from src to dst that they do not arrive:
// its socket fails with the reason. The ICMP message quotes headers made of d, and of its
// payload what fits into 576 bytes, or 1280 for IPv6. With the payload they are those of the
// datagram. Without it addresses and ports are right, by which a host finds the socket, but
// lengths and checksum are those of an empty datagram. It never waits for the device: see
// [Stack.SendEchoReply].
func (s *Stack) SendUnreachable(reason Unreachable, d Datagram) error {
	src, dst := d.Src.Addr().Unmap(), d.Dst.Addr().Unmap()
	quote := newMessage(src, dst, UDP, 6, d.Payload)
	defer quote.release()
	binary.BigEndian.PutUint16(quote.header[:], d.Src.Port())
	binary.BigEndian.PutUint16(quote.header[2:], d.Dst.Port())
	binary.BigEndian.PutUint16(quote.header[4:], uint16(headerUDP+len(d.Payload))) //nolint:gosec // what is too long is cut below
	quote.sum()
	p := append([]byte(nil), quote.ipHeader(headerUDP+len(d.Payload))...)
	p = append(p, quote.header[:]...)
	return s.sendUnreachable(reason, d.NIC, src, dst, append(p, d.Payload[:min(len(d.Payload), 1280)]...))
}

// sendUnreachable answers the packet of which quote is the begin.
func (s *Stack) sendUnreachable(reason Unreachable, id NICID, src, dst netip.Addr, quote []byte) error {
	if int(reason) >= len(codes) {
		return &Error{Op: "send", Field: "reason", Value: strconv.Itoa(int(reason)), Err: ErrNotSupported}
	}
	o, err := s.outlet(id, dst, src)
	if err != nil {
		return err
	}
	limit := 576 - headerIPv4 - headerICMP // RFC 1812 4.3.2.3
	kind, code := uint8(unreachable4), codes[reason][0]
	if src.Is6() {
		limit = 1280 - headerIPv6 - headerICMP // RFC 4443 2.4
		kind, code = unreachable6, codes[reason][1]
	}
	m := newICMP(dst, src, quote[:min(len(quote), limit)])
	defer m.release()
	m.header[0], m.header[1] = kind, code
	return m.send(o)
}
