package tunxtest

import (
	"encoding/binary"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/segment"
)

// The headers of the packets here.
const (
	ipv4Header = 20
	ipv6Header = 40
	udpHeader  = 8
	tcpHeader  = 20
	protoTCP   = 6
	protoUDP   = 17
	minPacket  = ipv6Header + udpHeader + 8
)

// packet returns a whole UDP packet of n bytes whose payload is made of seed. Odd ones are
// IPv6.
func packet(n int, seed uint32) []byte {
	p := make([]byte, n)
	header := ipHeader(p, seed%2 == 1, protoUDP)
	u := p[header:]
	binary.BigEndian.PutUint16(u, 5000)
	binary.BigEndian.PutUint16(u[2:], 5001)
	binary.BigEndian.PutUint16(u[4:], uint16(len(u))) //nolint:gosec // a packet's
	fill(u[udpHeader:], seed)
	binary.BigEndian.PutUint16(u[6:], pseudo(p, header, protoUDP))
	whole := segment.Offload{NeedsChecksum: true, CsumStart: uint16(header), CsumOffset: 6} //nolint:gosec // 20 or 40
	whole.Finish(p)
	return p
}

// fill makes a payload that begins with its seed.
func fill(p []byte, seed uint32) {
	for i := range p {
		p[i] = byte(seed + uint32(i)*7) //nolint:gosec // any bits
	}
	binary.BigEndian.PutUint32(p, seed)
}

// seedOf is the seed of a packet.
func seedOf(p []byte) uint32 {
	if len(p) < minPacket {
		return 0
	}
	if p[0]>>4 == 6 {
		return binary.BigEndian.Uint32(p[ipv6Header+udpHeader:])
	}
	return binary.BigEndian.Uint32(p[ipv4Header+udpHeader:])
}

// ipHeader writes the header of a packet between two addresses for tests (RFC 5737, 3849),
// and returns its length.
func ipHeader(p []byte, six bool, proto byte) int {
	if six {
		p[0] = 0x60
		binary.BigEndian.PutUint16(p[4:], uint16(len(p)-ipv6Header)) //nolint:gosec // a packet's
		p[6], p[7] = proto, 64
		copy(p[8:], "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")
		copy(p[24:], "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02")
		return ipv6Header
	}
	p[0] = 0x45
	binary.BigEndian.PutUint16(p[2:], uint16(len(p))) //nolint:gosec // a packet's
	p[8], p[9] = 64, proto
	copy(p[12:], "\xc0\x00\x02\x01\xc0\x00\x02\x02")
	binary.BigEndian.PutUint16(p[10:], ^segment.Sum(p[:ipv4Header], 0))
	return ipv4Header
}

// pseudo is the sum of the pseudo header.
func pseudo(p []byte, header int, proto byte) uint16 {
	addresses := p[8:40]
	if header == ipv4Header {
		addresses = p[12:20]
	}
	n := len(p) - header
	return segment.Sum([]byte{0, proto, byte(n >> 8), byte(n)}, segment.Sum(addresses, 0)) //nolint:gosec // a packet's
}

// super returns a TCP packet that stands for several of mss bytes each.
func super(payload, mss int) ([]byte, tunx.Offload) {
	p := make([]byte, ipv4Header+tcpHeader+payload)
	ipHeader(p, false, protoTCP)
	u := p[ipv4Header:]
	binary.BigEndian.PutUint16(u, 5000)
	binary.BigEndian.PutUint16(u[2:], 5001)
	u[12], u[13] = tcpHeader/4<<4, 0x10
	fill(u[tcpHeader:], 1)
	binary.BigEndian.PutUint16(u[16:], pseudo(p, ipv4Header, protoTCP))
	return p, tunx.Offload{
		Segment: uint16(mss), HeaderLen: ipv4Header + tcpHeader, //nolint:gosec // less than MTU
		NeedsChecksum: true, CsumStart: ipv4Header, CsumOffset: 16,
	}
}

// intact reports whether p is a TCP packet over IPv4 with right lengths and checksums.
func intact(p []byte) bool {
	return len(p) >= ipv4Header+tcpHeader && int(binary.BigEndian.Uint16(p[2:])) == len(p) &&
		segment.Sum(p[:ipv4Header], 0) == 0xffff &&
		segment.Sum(p[ipv4Header:], pseudo(p, ipv4Header, protoTCP)) == 0xffff
}
