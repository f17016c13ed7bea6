package tunx

import "errors"

// Plan 9's errors are texts.
var (
	errConnRefused = errors.New("connection refused")
	errMsgSize     = errors.New("message too long")
)

// isRefused reports whether a socket's error says that nobody listens at the port.
func isRefused(err error) bool { return errors.Is(err, errConnRefused) }

// isTooLong reports whether a socket's error says that a datagram is too long.
func isTooLong(err error) bool { return errors.Is(err, errMsgSize) }
