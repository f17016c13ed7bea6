package listener

import (
	"errors"
	"syscall"
)

// wsaENOTCONN is WSAENOTCONN of winsock2.h; package syscall has no name for it.
const wsaENOTCONN = syscall.Errno(10057)

// peerGone reports whether an option failed only because the client has left
// already: then the conn is of no use, and the listener is well.
func peerGone(c syscall.RawConn, failure error) bool {
	if errors.Is(failure, wsaENOTCONN) || errors.Is(failure, syscall.WSAECONNRESET) {
		return true
	}
	var err error
	ctlErr := c.Control(func(fd uintptr) { _, err = syscall.Getpeername(syscall.Handle(fd)) })
	return ctlErr != nil || err != nil
}
