package connectudp

import (
	"errors"

	"golang.org/x/sys/windows"
)

// tooLong reports whether a datagram did not fit: into the path, or, as Windows
// has an error for that too, into the buffer of a read.
func tooLong(err error) bool { return errors.Is(err, windows.WSAEMSGSIZE) }
