//go:build linux || darwin || freebsd

package cmsg

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// take6 adds a message of the IPv6 level, which is the same on all (RFC 3542).
func (i *Info) take6(kind int, data []byte) {
	switch kind {
	case unix.IPV6_PKTINFO: // struct in6_pktinfo {in6_addr addr; unsigned ifindex;}
		if len(data) >= 20 {
			i.set(netip.AddrFrom16([16]byte(data)), binary.NativeEndian.Uint32(data[16:]))
		}
	case unix.IPV6_TCLASS:
		i.takeECN(data)
	case unix.IPV6_HOPLIMIT:
		i.takeHopLimit(data)
	}
}

func (i *Info) takeECN(data []byte) {
	if v, ok := number(data); ok {
		i.ECN = byte(v & ecnBits)
	}
}

func (i *Info) takeHopLimit(data []byte) {
	if v, ok := number(data); ok {
		i.HopLimit = v
	}
}

func appendSource6(b []byte, source netip.Addr, index int) []byte {
	b, data := header(b, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, 20)
	if source.IsValid() {
		a := source.As16()
		copy(data, a[:])
	}
	binary.NativeEndian.PutUint32(data[16:], uint32(index)) //nolint:gosec // an interface index
	return b
}

// AppendTOS appends the type of service or traffic class to send with.
func AppendTOS(b []byte, v6 bool, tos int) []byte {
	if v6 {
		return appendInt(b, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos)
	}
	return appendTOS4(b, tos)
}

// TOS reads the type of service or traffic class that a socket sends with.
func TOS(fd uintptr, v6 bool) (int, error) {
	if v6 {
		return unix.GetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS)
	}
	return unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS)
}

// set takes the destination out of the address of a control message.
func (i *Info) set(local netip.Addr, index uint32) {
	i.Local = local.Unmap()
	i.Interface = int(int32(index)) //nolint:gosec // the kernel's int in an unsigned field
}
