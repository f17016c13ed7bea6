//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sockopt

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setsockopt makes the system call through the C library, where no call is raw.
func setsockopt(fd uintptr, level, number int, b []byte, _ bool) error {
	return unix.SetsockoptString(int(fd), level, number, unsafe.String(unsafe.SliceData(b), len(b)))
}

// getsockopt fills b and returns how many bytes the kernel wrote. x/sys has no call for any bytes here, so the size
// of b says which type it is.
func getsockopt(fd uintptr, level, number int, b []byte) (int, error) {
	switch len(b) {
	case 4:
		n, err := unix.GetsockoptInt(int(fd), level, number)
		binary.NativeEndian.PutUint32(b, uint32(n))
		return 4, err
	case 8:
		n, err := unix.GetsockoptUint64(int(fd), level, number)
		binary.NativeEndian.PutUint64(b, n)
		return 8, err
	case 16:
		tv, err := unix.GetsockoptTimeval(int(fd), level, number)
		if err != nil {
			return 0, err
		}
		return copy(b, unsafe.Slice((*byte)(unsafe.Pointer(tv)), unsafe.Sizeof(*tv))), nil
	case textSize:
		s, err := unix.GetsockoptString(int(fd), level, number)
		return copy(b, s), err
	}
	return 0, syscall.ENOPROTOOPT
}

// describe asks the kernel what kind of socket fd is.
func describe(fd uintptr) socket {
	kind, _ := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE)
	return socket{fd: fd, network: networkOfKind(family(fd), kind)}
}

// family is the address family of the local address, which a socket has from the start.
func family(fd uintptr) int {
	local, err := unix.Getsockname(int(fd))
	if err != nil {
		return unix.AF_UNSPEC
	}
	switch local.(type) {
	case *unix.SockaddrInet4:
		return unix.AF_INET
	case *unix.SockaddrInet6:
		return unix.AF_INET6
	case *unix.SockaddrUnix:
		return unix.AF_UNIX
	}
	return unix.AF_UNSPEC
}

// takesIPv4 reports whether an IPv6 socket has options of IPv4 for the IPv4-mapped traffic that it carries. These kernels
// have none on it (ip6_ctloutput of FreeBSD and XNU: EINVAL), and use its hop limit for both.
func takesIPv4(uintptr) bool { return false }
