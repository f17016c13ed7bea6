package simnet

import (
	"encoding/binary"
	"net/netip"
)

// udpPacket is a datagram.
func udpPacket(from, to netip.AddrPort, id uint16, data []byte, size int) ipPacket {
	b := binary.BigEndian.AppendUint16(nil, from.Port())
	b = binary.BigEndian.AppendUint16(b, to.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(lenUDP+size)) //nolint:gosec // fits is asked before it is written
	return ipPacket{
		proto: uint8(UDP), id: id, from: from.Addr(), to: to.Addr(),
		header: append(b, 0, 0), checksum: 6, data: data, size: size,
	}
}

// icmpUnreachable is the ICMP message that a datagram to a port where nobody listens
// gets for an answer. It quotes the datagram's headers, as one without payload:
// how much it had is not known any more.
func icmpUnreachable(from, to netip.AddrPort, id uint16) ipPacket {
	cause := udpPacket(to, from, id, nil, 0)
	quote := cause.append(nil)
	p := ipPacket{proto: protoICMP, id: id, from: from.Addr(), to: to.Addr(), checksum: 2, data: quote, size: len(quote)}
	p.header = []byte{3, 3, 0, 0, 0, 0, 0, 0} // destination unreachable, port unreachable
	if !p.from.Is4() {
		p.proto = protoICMPv6
		p.header[0], p.header[1] = 1, 4 // the same in ICMPv6
	}
	return p
}
