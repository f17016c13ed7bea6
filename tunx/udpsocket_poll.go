//go:build darwin || dragonfly || freebsd || netbsd || openbsd || solaris

package tunx

import "golang.org/x/sys/unix"

// readable asks without waiting.
func (s *udpSocket) readable(fd uintptr) bool {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor
	n, err := unix.Poll(fds[:], 0)
	return n > 0 || err != nil && err != unix.EINTR //nolint:errorlint // an errno
}
