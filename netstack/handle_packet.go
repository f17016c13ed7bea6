package netstack

import (
	"encoding/binary"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/checksum"
)

const (
	headerIPv4 = 20
	headerIPv6 = 40
	headerUDP  = 8
	headerICMP = 8
)

// packet is what the headers of an IP packet say.
type packet struct {
	src, dst  netip.Addr
	protocol  uint8
	options   bool   // IPv4 options
	transport []byte // from the transport header to the end of the IP payload
}

// parse reads the IP header of p. It is false for what is no whole packet of one of the two
// families, and for fragments and IPv6 extension headers, which are the engine's.
func parse(p []byte) (packet, bool) {
	if len(p) == 0 {
		return packet{}, false
	}
	switch p[0] >> 4 {
	case 4:
		return parseIPv4(p)
	case 6:
		return parseIPv6(p)
	default:
		return packet{}, false
	}
}

func parseIPv4(p []byte) (packet, bool) {
	if len(p) < headerIPv4 {
		return packet{}, false
	}
	header, total := int(p[0]&15)*4, int(binary.BigEndian.Uint16(p[2:]))
	fragment := binary.BigEndian.Uint16(p[6:])&0x3fff != 0
	if header < headerIPv4 || total < header || total > len(p) || fragment || sum16(p[:header], 0) != 0xffff {
		return packet{}, false
	}
	return packet{
		src: netip.AddrFrom4([4]byte(p[12:])), dst: netip.AddrFrom4([4]byte(p[16:])),
		protocol: p[9], options: header > headerIPv4, transport: p[header:total],
	}, true
}

func parseIPv6(p []byte) (packet, bool) {
	if len(p) < headerIPv6 {
		return packet{}, false
	}
	total := headerIPv6 + int(binary.BigEndian.Uint16(p[4:]))
	if total > len(p) {
		return packet{}, false
	}
	return packet{
		src: netip.AddrFrom16([16]byte(p[8:])), dst: netip.AddrFrom16([16]byte(p[24:])),
		protocol: p[6], transport: p[headerIPv6:total],
	}, true
}

// plain says that nothing about the packet needs the engine's judgement.
func (v *packet) plain() bool {
	return !v.options && usual(v.src) && usual(v.dst)
}

// usual is an address of one node that may be seen outside of a host.
func usual(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && a != broadcast && !a.Is4In6()
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// pseudo is the sum of the pseudo header of a transport packet (RFC 9293 3.1, RFC 8200 8.1).
func pseudo(src, dst netip.Addr, protocol uint8, length int) uint32 {
	sum := uint32(protocol) + uint32(length) //nolint:gosec // a packet has at most 65535 bytes
	for _, a := range [...]netip.Addr{src, dst} {
		if a.Is4() {
			b := a.As4()
			sum += uint32(b[0])<<8 + uint32(b[1]) + uint32(b[2])<<8 + uint32(b[3])
			continue
		}
		b := a.As16()
		for i := 0; i < len(b); i += 2 {
			sum += uint32(b[i])<<8 + uint32(b[i+1]) //nolint:gosec // the length is even
		}
	}
	return sum
}

// sum16 is the ones' complement sum of p and of sum before it, not inverted (RFC 1071).
func sum16(p []byte, sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return checksum.Checksum(p, uint16(sum))
}
