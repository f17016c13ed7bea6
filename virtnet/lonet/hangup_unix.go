//go:build unix

package lonet

import (
	"errors"

	"golang.org/x/sys/unix"
)

// hungUp reports whether the other end of a conn has closed it. Nothing is read.
// What does not wait is not interrupted either.
func hungUp(fd uintptr) bool {
	var p [1]byte
	n, _, err := unix.Recvfrom(int(fd), p[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	if err != nil {
		return !errors.Is(err, unix.EAGAIN)
	}
	return n == 0
}
