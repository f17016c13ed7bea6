//go:build unix

package listener

import (
	"errors"
	"syscall"
)

// peerGone reports whether an option failed only because the client has left
// already: then the conn is of no use, and the listener is well. The BSDs
// answer EINVAL on such a conn, so its name is asked for too.
func peerGone(c syscall.RawConn, failure error) bool {
	if errors.Is(failure, syscall.ENOTCONN) || errors.Is(failure, syscall.ECONNRESET) {
		return true
	}
	var err error
	ctlErr := c.Control(func(fd uintptr) { _, err = syscall.Getpeername(int(fd)) })
	return ctlErr != nil || err != nil
}
