package listener

import (
	"errors"
	"net"
	"syscall"
)

// wsaENOTCONN is WSAENOTCONN of winsock2.h; package syscall has no name for it.
const wsaENOTCONN = syscall.Errno(10057)

// peerGone reports whether an option failed only because the client has left
// already: then the conn is of no use, and the listener is well.
func peerGone(conn net.Conn, failure error) bool {
	if errors.Is(failure, wsaENOTCONN) || errors.Is(failure, syscall.WSAECONNRESET) {
		return true
	}
	var nameErr error
	err := control(conn, func(fd uintptr) { _, nameErr = syscall.Getpeername(syscall.Handle(fd)) })
	return err != nil || nameErr != nil
}
