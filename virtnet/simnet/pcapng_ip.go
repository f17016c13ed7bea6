package simnet

import (
	"encoding/binary"
	"net/netip"
)

// Lengths of headers without options.
const (
	lenIPv4 = 20
	lenIPv6 = 40
	lenTCP  = 20
	lenUDP  = 8

	protoICMP   = 1
	protoICMPv6 = 58

	// ipHops is what most systems begin with.
	ipHops = 64
)

// ipPacket is a packet with an upper header, ready to be written.
type ipPacket struct {
	proto    uint8
	id       uint16
	from, to netip.Addr
	header   []byte // of the upper protocol, with a checksum of zero
	checksum int    // where in header the checksum is
	data     []byte // payload, as much as was captured
	size     int    // of the payload on the wire
}

// length is the true length of the packet.
func (p *ipPacket) length() int { return p.overhead() + p.size }

func (p *ipPacket) overhead() int {
	if p.from.Is4() {
		return lenIPv4 + len(p.header)
	}
	return lenIPv6 + len(p.header)
}

// fits tells whether the fields for lengths can hold the packet's.
func (p *ipPacket) fits() bool {
	if p.from.Is4() {
		return p.length() < 1<<16
	}
	return len(p.header)+p.size < 1<<16
}

// append adds the packet. What was not captured counts as zeros in the checksum:
// nobody can check it, since the bytes are missing.
func (p *ipPacket) append(b []byte) []byte {
	sum := ipChecksum(p.pseudo(), p.header, p.data)
	if p.proto == protoICMP { // the only one without a pseudo header
		sum = ipChecksum(p.header, p.data)
	}
	if sum == 0 && p.proto == uint8(UDP) {
		sum = 1<<16 - 1 // RFC 768: 0 says that there is no checksum
	}
	binary.BigEndian.PutUint16(p.header[p.checksum:], sum)
	if p.from.Is4() {
		b = p.appendIPv4(b)
	} else {
		b = p.appendIPv6(b)
	}
	return append(append(b, p.header...), p.data...)
}

func (p *ipPacket) appendIPv4(b []byte) []byte {
	begin := len(b)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(p.length())) //nolint:gosec // fits
	b = binary.BigEndian.AppendUint16(b, p.id)
	b = append(b, 0x40, 0, ipHops, p.proto, 0, 0) // do not fragment
	b = append(append(b, p.from.AsSlice()...), p.to.AsSlice()...)
	binary.BigEndian.PutUint16(b[begin+10:], ipChecksum(b[begin:]))
	return b
}

func (p *ipPacket) appendIPv6(b []byte) []byte {
	b = append(b, 0x60, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.header)+p.size)) //nolint:gosec // fits
	b = append(b, p.proto, ipHops)
	return append(append(b, p.from.AsSlice()...), p.to.AsSlice()...)
}

// pseudo is the header that TCP, UDP and ICMPv6 sum up with their own (RFC 9293,
// RFC 768, RFC 8200).
func (p *ipPacket) pseudo() []byte {
	b := append(p.from.AsSlice(), p.to.AsSlice()...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(p.header)+p.size)) //nolint:gosec // fits
	return append(b, 0, 0, 0, p.proto)
}

// ipChecksum is that of RFC 1071. All parts but the last have an even length.
func ipChecksum(parts ...[]byte) uint16 {
	var sum uint32
	for _, b := range parts {
		for ; len(b) > 1; b = b[2:] {
			sum += uint32(b[0])<<8 | uint32(b[1])
		}
		if len(b) == 1 {
			sum += uint32(b[0]) << 8
		}
	}
	for sum > 1<<16-1 {
		sum = sum>>16 + sum&(1<<16-1)
	}
	return ^uint16(sum)
}
