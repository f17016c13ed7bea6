//go:build unix

package listener

import (
	"errors"
	"net"
	"syscall"
)

// peerGone reports whether an option failed only because the client has left
// already: then the conn is of no use, and the listener is well. The BSDs
// answer EINVAL on such a conn, so the client's name is asked for too.
func peerGone(conn net.Conn, failure error) bool {
	if errors.Is(failure, syscall.ENOTCONN) || errors.Is(failure, syscall.ECONNRESET) {
		return true
	}
	var nameErr error
	err := control(conn, func(fd uintptr) { _, nameErr = syscall.Getpeername(int(fd)) })
	return err != nil || nameErr != nil
}
