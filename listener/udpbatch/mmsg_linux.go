package udpbatch

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr (recvmmsg(2)), which x/sys lacks.
type mmsghdr struct {
	unix.Msghdr
	n uint32 // bytes received or sent
}

// recvmmsg and sendmmsg never wait: the sockets of package net do not block.
func recvmmsg(fd uintptr, hs []mmsghdr) (int, unix.Errno) {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&hs[0])), uintptr(len(hs)), 0, 0, 0)
	return int(n), errno
}

// sendmmsg is for a socket that does not block. A call that is short is made
// without telling the scheduler.
func sendmmsg(fd uintptr, hs []mmsghdr, short bool) (int, unix.Errno) {
	if short {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&hs[0])), uintptr(len(hs)), 0, 0, 0)
		return int(n), errno
	}
	n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&hs[0])), uintptr(len(hs)), 0, 0, 0)
	return int(n), errno
}

// sockaddr has room for an address of either version.
type sockaddr = unix.RawSockaddrInet6

const sizeofSockaddr = unix.SizeofSockaddrInet6

// getSockaddr reads the address that the kernel wrote.
func getSockaddr(s *sockaddr, zones *zoneCache) netip.AddrPort {
	switch s.Family {
	case unix.AF_INET:
		s4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(s))
		return netip.AddrPortFrom(netip.AddrFrom4(s4.Addr), port(&s4.Port))
	case unix.AF_INET6:
		a := netip.AddrFrom16(s.Addr).Unmap()
		if s.Scope_id != 0 {
			a = zones.with(a, s.Scope_id)
		}
		return netip.AddrPortFrom(a, port(&s.Port))
	}
	return netip.AddrPort{}
}

// putSockaddr writes the address for a socket of either version and returns its
// size. IPv4 goes mapped over IPv6.
func putSockaddr(s *sockaddr, v6 bool, a netip.AddrPort, scope uint32) uint32 {
	if !v6 {
		s4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(s))
		*s4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: a.Addr().As4()}
		setPort(&s4.Port, a.Port())
		return unix.SizeofSockaddrInet4
	}
	*s = sockaddr{Family: unix.AF_INET6, Addr: a.Addr().As16(), Scope_id: scope}
	setPort(&s.Port, a.Port())
	return unix.SizeofSockaddrInet6
}

// port reads one in network byte order.
func port(p *uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(p))
	return uint16(b[0])<<8 | uint16(b[1])
}

func setPort(p *uint16, v uint16) {
	b := (*[2]byte)(unsafe.Pointer(p))
	b[0], b[1] = byte(v>>8), byte(v) //nolint:gosec // the lower half
}
