package sockopt

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setsockopt makes the system call. fast leaves out the scheduler's bookkeeping, which costs a third of a short call;
// it is only for calls that cannot block, since a blocked raw call stops a whole processor of the Go runtime.
func setsockopt(fd uintptr, level, number int, b []byte, fast bool) error {
	if fast {
		_, _, errno := unix.RawSyscall6(unix.SYS_SETSOCKOPT, fd, uintptr(level), uintptr(number),
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0)
		return errnoError(errno)
	}
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, fd, uintptr(level), uintptr(number),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0)
	return errnoError(errno)
}

// getsockopt fills b and returns how many bytes the kernel wrote.
func getsockopt(fd uintptr, level, number int, b []byte) (int, error) {
	n := uint32(len(b))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, uintptr(level), uintptr(number),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(unsafe.Pointer(&n)), 0)
	return int(n), errnoError(errno)
}

func errnoError(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// intOption reads an int, 0 where the socket has none.
func intOption(fd uintptr, level, number int) int {
	n, _ := unix.GetsockoptInt(int(fd), level, number)
	return n
}

// describe asks the kernel what kind of socket fd is.
func describe(fd uintptr) socket {
	return socket{fd: fd, network: networkOf(
		intOption(fd, unix.SOL_SOCKET, unix.SO_DOMAIN),
		intOption(fd, unix.SOL_SOCKET, unix.SO_TYPE),
		intOption(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL),
	)}
}

func networkOf(domain, kind, protocol int) Networks {
	n := networkOfKind(domain, kind)
	if n&tcp != 0 && protocol == unix.IPPROTO_MPTCP {
		n |= MPTCP
	}
	return n
}

// takesIPv4 reports whether an IPv6 socket has options of IPv4 for the IPv4-mapped traffic that it carries: it must not be
// limited to IPv6.
func takesIPv4(fd uintptr) bool {
	only, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
	return err == nil && only == 0
}

// guardInterface refuses an interface index that does not exist: SO_BINDTOIFINDEX takes any number, and the socket
// then reaches nobody.
func guardInterface(fd uintptr, v value) error {
	if v.n == 0 {
		return nil
	}
	ifr, err := unix.NewIfreq("")
	if err != nil {
		return err
	}
	ifr.SetUint32(uint32(v.n))
	if err := unix.IoctlIfreq(int(fd), unix.SIOCGIFNAME, ifr); err != nil {
		return fmt.Errorf("interface %d: %w", v.n, err)
	}
	return nil
}

const portRangeSysctl = "/proc/sys/net/ipv4/ip_local_port_range"

// guardPortRange refuses a range with an end outside of the system's: the kernel takes it, and then ignores that end.
func guardPortRange(_ uintptr, v value) error {
	text, err := os.ReadFile(portRangeSysctl)
	if err != nil {
		return nil //nolint:nilerr // without /proc there is nothing to compare with
	}
	var low, high uint16
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil {
		return nil //nolint:nilerr // as above
	}
	p := v.portRange()
	for _, port := range []uint16{p.Low, p.High} {
		if port != 0 && (port < low || port > high) {
			return badValue{"", fmt.Sprintf("outside of net.ipv4.ip_local_port_range (%d-%d), the kernel would ignore it", low, high)}
		}
	}
	return nil
}
