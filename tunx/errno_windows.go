package tunx

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

const (
	errConnRefused = syscall.ECONNREFUSED
	errMsgSize     = syscall.EMSGSIZE
)

// isRefused reports whether a socket's error says that nobody listens at the port: a UDP
// socket that is connected says that it was reset.
func isRefused(err error) bool {
	return errors.Is(err, errConnRefused) || errors.Is(err, windows.WSAECONNREFUSED) || errors.Is(err, windows.WSAECONNRESET)
}

// isTooLong reports whether a socket's error says that a datagram is too long.
func isTooLong(err error) bool {
	return errors.Is(err, errMsgSize) || errors.Is(err, windows.WSAEMSGSIZE)
}
