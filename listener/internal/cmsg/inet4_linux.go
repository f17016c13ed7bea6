package cmsg

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

func (i *Info) take(level, kind int, data []byte) {
	switch level {
	case unix.IPPROTO_IP:
		i.take4(kind, data)
	case unix.IPPROTO_IPV6:
		i.take6(kind, data)
	case unix.IPPROTO_UDP:
		if v, ok := number(data); ok && kind == unix.UDP_GRO && v > 0 {
			i.Segment = v
		}
	}
}

func (i *Info) take4(kind int, data []byte) {
	switch kind {
	case unix.IP_PKTINFO: // struct in_pktinfo {int ifindex; in_addr spec_dst, addr;}
		if len(data) >= 12 {
			i.set(netip.AddrFrom4([4]byte(data[8:])), binary.NativeEndian.Uint32(data))
		}
	case unix.IP_TOS:
		i.takeECN(data)
	case unix.IP_TTL:
		i.takeHopLimit(data)
	}
}

// AppendSource appends the address and the interface to send from: zero and 0
// leave the choice to the kernel. v6 is that of the destination.
func AppendSource(b []byte, v6 bool, source netip.Addr, index int) []byte {
	if v6 {
		return appendSource6(b, source, index)
	}
	b, data := header(b, unix.IPPROTO_IP, unix.IP_PKTINFO, 12)
	binary.NativeEndian.PutUint32(data, uint32(index)) //nolint:gosec // an interface index
	if source.IsValid() {
		a := source.As4()
		copy(data[4:], a[:])
	}
	return b
}

func appendTOS4(b []byte, tos int) []byte {
	return appendInt(b, unix.IPPROTO_IP, unix.IP_TOS, tos)
}

// AppendSegment appends the size of the datagrams that one send is cut into.
func AppendSegment(b []byte, size uint16) []byte {
	b, data := header(b, unix.IPPROTO_UDP, unix.UDP_SEGMENT, 2)
	binary.NativeEndian.PutUint16(data, size)
	return b
}

// Level6 reports whether messages of the IPv6 level go with a datagram: Linux
// asks for those of the destination's version (udpv6_sendmsg).
func Level6(_ bool, to netip.Addr) bool { return !to.Is4() }
