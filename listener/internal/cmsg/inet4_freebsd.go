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
	}
}

// take4 reads messages of the IPv4 level, whose types are those of the options
// that ask for them (ip(4)).
func (i *Info) take4(kind int, data []byte) {
	switch kind {
	case unix.IP_RECVDSTADDR: // struct in_addr
		if len(data) >= 4 {
			i.Local = netip.AddrFrom4([4]byte(data))
		}
	case unix.IP_RECVIF: // struct sockaddr_dl {uint8 len, family; uint16 index; ...}
		if len(data) >= 4 {
			i.Interface = int(binary.NativeEndian.Uint16(data[2:]))
		}
	case unix.IP_RECVTOS:
		i.takeECN(data)
	case unix.IP_RECVTTL:
		i.takeHopLimit(data)
	}
}

// AppendSource appends the address and the interface to send from: zero and 0
// leave the choice to the kernel. v6 is that of the destination. For IPv4 there
// is no message for the interface, so that the address alone counts (ip(4)).
func AppendSource(b []byte, v6 bool, source netip.Addr, index int) []byte {
	if v6 {
		return appendSource6(b, source, index)
	}
	if !source.IsValid() {
		return b
	}
	b, data := header(b, unix.IPPROTO_IP, unix.IP_SENDSRCADDR, 4)
	a := source.As4()
	copy(data, a[:])
	return b
}

func appendTOS4(b []byte, tos int) []byte {
	return appendInt(b, unix.IPPROTO_IP, unix.IP_TOS, tos)
}
