package sockopt

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// setsockopt makes the call. There are no raw calls here.
func setsockopt(fd uintptr, level, number int, b []byte, _ bool) error {
	return windows.Setsockopt(windows.Handle(fd), int32(level), int32(number), unsafe.SliceData(b), int32(len(b)))
}

// getsockopt fills b and returns how many bytes the provider wrote: for booleans this may be one.
func getsockopt(fd uintptr, level, number int, b []byte) (int, error) {
	n := int32(len(b))
	err := windows.Getsockopt(windows.Handle(fd), int32(level), int32(number), unsafe.SliceData(b), &n)
	return int(n), err
}

// isNoOption reports whether an error is what Winsock says for an option that it, or the protocol, does not have.
func isNoOption(err error) bool {
	return errors.Is(err, windows.WSAENOPROTOOPT) || errors.Is(err, windows.WSAEOPNOTSUPP)
}

const (
	soType         = 0x1008
	soAcceptConn   = 0x0002
	soProtocolInfo = 0x2005 // SO_PROTOCOL_INFOW
)

// describe asks Winsock what kind of socket fd is.
func describe(fd uintptr) socket {
	h := windows.Handle(fd)
	kind, _ := windows.GetsockoptInt(h, windows.SOL_SOCKET, soType)
	return socket{fd: fd, network: networkOfKind(family(h), kind)}
}

// stateOf asks Winsock how far a socket is. Sockets of package net use overlapped I/O, which never blocks.
func stateOf(fd uintptr, _ Networks) state {
	h := windows.Handle(fd)
	var s state
	listening, err := windows.GetsockoptInt(h, windows.SOL_SOCKET, soAcceptConn)
	s.listening = err == nil && listening != 0
	if peer, err := windows.Getpeername(h); err == nil {
		s.connected = true
		if p, ok := peer.(*windows.SockaddrInet6); ok {
			s.mapped = mapped(p.Addr)
		}
	}
	local, err := windows.Getsockname(h) // fails before bind
	s.bound = err == nil && local != nil
	return s
}

func family(h windows.Handle) int {
	var info windows.WSAProtocolInfo
	n := int32(unsafe.Sizeof(info))
	if windows.Getsockopt(h, windows.SOL_SOCKET, soProtocolInfo, (*byte)(unsafe.Pointer(&info)), &n) != nil {
		return windows.AF_UNSPEC
	}
	return int(info.AddressFamily)
}

// networkOfKind maps address family and socket type.
func networkOfKind(family, kind int) Networks {
	switch family {
	case windows.AF_INET:
		return map[int]Networks{windows.SOCK_STREAM: TCP4, windows.SOCK_DGRAM: UDP4, windows.SOCK_RAW: IP4}[kind]
	case windows.AF_INET6:
		return map[int]Networks{windows.SOCK_STREAM: TCP6, windows.SOCK_DGRAM: UDP6, windows.SOCK_RAW: IP6}[kind]
	case windows.AF_UNIX:
		return map[int]Networks{windows.SOCK_STREAM: Unix}[kind]
	}
	return other
}

// takesIPv4 reports whether an IPv6 socket has options of IPv4 for the IPv4-mapped traffic that it carries: it must not be
// limited to IPv6, which is the default on Windows, nor bound to an address of IPv6 (WSAEINVAL of Windows 10).
func takesIPv4(fd uintptr) bool {
	var b [4]byte
	n, err := getsockopt(fd, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, b[:])
	if err != nil || integer(b[:n]) != 0 {
		return false
	}
	local, err := windows.Getsockname(windows.Handle(fd))
	if err != nil { // before bind
		return true
	}
	a, ok := local.(*windows.SockaddrInet6)
	return ok && (a.Addr == [16]byte{} || mapped(a.Addr))
}

// putTimeval writes a time limit, a DWORD of milliseconds on Windows.
func putTimeval(b []byte, d time.Duration) int {
	binary.NativeEndian.PutUint32(b, uint32(d/time.Millisecond))
	return 4
}

// timeval reads a time limit.
func timeval(b []byte) time.Duration {
	return time.Duration(binary.NativeEndian.Uint32(b)) * time.Millisecond
}

// putLinger writes a LINGER: two 16-bit integers, on and seconds.
func putLinger(b []byte, d time.Duration) int {
	on := uint16(1)
	if d < 0 {
		on, d = 0, 0
	}
	binary.NativeEndian.PutUint16(b, on)
	binary.NativeEndian.PutUint16(b[2:], uint16(min(d/time.Second, math.MaxUint16)))
	return 4
}

// linger reads a LINGER.
func linger(b []byte) time.Duration {
	if binary.NativeEndian.Uint16(b) == 0 {
		return LingerOff
	}
	return time.Duration(binary.NativeEndian.Uint16(b[2:])) * time.Second
}
