//go:build unix

package connectudp

import (
	"errors"
	"syscall"
)

// tooLong reports whether a datagram did not fit into the path.
func tooLong(err error) bool { return errors.Is(err, syscall.EMSGSIZE) }
