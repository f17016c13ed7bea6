//go:build !plan9 && !windows

package tunx

import (
	"errors"
	"syscall"
)

const (
	errConnRefused = syscall.ECONNREFUSED
	errMsgSize     = syscall.EMSGSIZE
)

// isRefused reports whether a socket's error says that nobody listens at the port.
func isRefused(err error) bool { return errors.Is(err, errConnRefused) }

// isTooLong reports whether a socket's error says that a datagram is too long.
func isTooLong(err error) bool { return errors.Is(err, errMsgSize) }
