//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sockopt

import (
	"encoding/binary"
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// isNoOption reports whether an error is the errno for "no such option at this level".
func isNoOption(err error) bool { return errors.Is(err, unix.ENOPROTOOPT) }

// stateOf asks the kernel how far a socket is.
func stateOf(fd uintptr, network Networks) state {
	var s state
	listening, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	s.listening = err == nil && listening != 0
	if peer, err := unix.Getpeername(int(fd)); err == nil {
		s.connected = true
		if p, ok := peer.(*unix.SockaddrInet6); ok {
			s.mapped = mapped(p.Addr)
		}
	}
	if local, err := unix.Getsockname(int(fd)); err == nil {
		s.bound = isBound(local, network)
	}
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	s.blocking = err == nil && flags&unix.O_NONBLOCK == 0
	return s
}

// isBound reports whether a local address is one that bind gave. A raw socket has its protocol in the place of the
// port, and an unnamed unix socket reads as "@".
func isBound(local unix.Sockaddr, network Networks) bool {
	switch a := local.(type) {
	case *unix.SockaddrInet4:
		return a.Addr != [4]byte{} || a.Port != 0 && network&raw == 0
	case *unix.SockaddrInet6:
		return a.Addr != [16]byte{} || a.Port != 0 && network&raw == 0
	case *unix.SockaddrUnix:
		return a.Name != "" && a.Name != "@"
	}
	return false
}

// networkOfKind maps address family and socket type.
func networkOfKind(family, kind int) Networks {
	switch family {
	case unix.AF_INET:
		return map[int]Networks{unix.SOCK_STREAM: TCP4, unix.SOCK_DGRAM: UDP4, unix.SOCK_RAW: IP4}[kind]
	case unix.AF_INET6:
		return map[int]Networks{unix.SOCK_STREAM: TCP6, unix.SOCK_DGRAM: UDP6, unix.SOCK_RAW: IP6}[kind]
	case unix.AF_UNIX:
		return map[int]Networks{unix.SOCK_STREAM: Unix, unix.SOCK_DGRAM: Unixgram, unix.SOCK_SEQPACKET: Unixpacket}[kind]
	}
	return other
}

// putTimeval writes a struct timeval.
func putTimeval(b []byte, d time.Duration) int {
	tv := unix.NsecToTimeval(int64(d))
	return copy(b, unsafe.Slice((*byte)(unsafe.Pointer(&tv)), unsafe.Sizeof(tv)))
}

// timeval reads a struct timeval.
func timeval(b []byte) time.Duration {
	var tv unix.Timeval
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&tv)), unsafe.Sizeof(tv)), b)
	return time.Duration(tv.Nano())
}

// putLinger writes a struct linger: two ints, on and seconds.
func putLinger(b []byte, d time.Duration) int {
	on := uint32(1)
	if d < 0 {
		on, d = 0, 0
	}
	binary.NativeEndian.PutUint32(b, on)
	binary.NativeEndian.PutUint32(b[4:], uint32(d/time.Second))
	return 8
}

// linger reads a struct linger.
func linger(b []byte) time.Duration {
	if integer(b[:4]) == 0 {
		return LingerOff
	}
	return time.Duration(integer(b[4:8])) * time.Second
}
