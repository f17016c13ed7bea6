package tunx

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is what recvmsg(2) fills. Its first bytes go to a small buffer, and what a
// datagram has more to a large one, so that nobody holds a large one for a small datagram.
type message struct {
	n       int
	header  unix.Msghdr
	parts   [2]unix.Iovec
	control [96]byte // for sock_extended_err and the address behind it
	name    unix.RawSockaddrInet6
	large   *[largeSize]byte
	small   [smallSize]byte
}

var (
	messages = sync.Pool{New: func() any { return new(message) }}
	larges   = sync.Pool{New: func() any { return new([largeSize]byte) }}
)

func newMessage() *message {
	m := messages.Get().(*message)
	m.large = larges.Get().(*[largeSize]byte)
	return m
}

func (m *message) free() {
	m.keep()
	if m.large != nil {
		larges.Put(m.large)
		m.large = nil
	}
	messages.Put(m)
}

// keep gives the large buffer back unless it is in use.
func (m *message) keep() *message {
	if m.n <= smallSize && m.large != nil {
		larges.Put(m.large)
		m.large = nil
	}
	return m
}

func (m *message) receive(fd uintptr, flags int) unix.Errno {
	m.n = 0
	m.parts[0] = unix.Iovec{Base: &m.small[0]}
	m.parts[0].SetLen(smallSize)
	m.parts[1] = unix.Iovec{Base: &m.large[smallSize]}
	m.parts[1].SetLen(largeSize - smallSize)
	m.header = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&m.name)), Namelen: unix.SizeofSockaddrInet6, Iov: &m.parts[0]}
	m.header.SetIovlen(len(m.parts))
	if flags&unix.MSG_ERRQUEUE != 0 {
		m.header.Control = &m.control[0]
		m.header.SetControllen(len(m.control))
	}
	n, _, errno := unix.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&m.header)), uintptr(flags|unix.MSG_DONTWAIT))
	if errno == 0 {
		m.n = int(n)
	}
	return errno
}

// bytes returns the datagram.
func (m *message) bytes() []byte {
	if m.n <= smallSize {
		return m.small[:m.n]
	}
	copy(m.large[:], m.small[:])
	return m.large[:m.n]
}

// from returns the address: the source, or where a datagram of the error queue was sent to.
func (m *message) from() netip.AddrPort {
	switch m.name.Family {
	case unix.AF_INET:
		name := (*unix.RawSockaddrInet4)(unsafe.Pointer(&m.name))
		return netip.AddrPortFrom(netip.AddrFrom4(name.Addr), hostOrder(&name.Port))
	case unix.AF_INET6:
		a := netip.AddrFrom16(m.name.Addr).Unmap()
		if m.name.Scope_id != 0 && a.Is6() {
			a = a.WithZone(strconv.FormatUint(uint64(m.name.Scope_id), 10))
		}
		return netip.AddrPortFrom(a, hostOrder(&m.name.Port))
	}
	return netip.AddrPort{}
}

// hostOrder reads a port as it is in a sockaddr.
func hostOrder(port *uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(port))[:])
}

// refused reports whether a message of the error queue says that nobody listens there.
func (m *message) refused() bool {
	all, err := unix.ParseSocketControlMessage(m.control[:m.header.Controllen])
	if err != nil {
		return false
	}
	for _, c := range all {
		known := c.Header.Level == unix.SOL_IP && c.Header.Type == unix.IP_RECVERR ||
			c.Header.Level == unix.SOL_IPV6 && c.Header.Type == unix.IPV6_RECVERR
		// sock_extended_err begins with the errno (ip(7)).
		if known && len(c.Data) >= 4 && unix.Errno(binary.NativeEndian.Uint32(c.Data)) == unix.ECONNREFUSED {
			return true
		}
	}
	return false
}
