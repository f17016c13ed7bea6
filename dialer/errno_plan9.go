package dialer

import (
	"errors"
	"syscall"
)

// Plan 9 has texts instead of numbers.
var (
	errNetUnreachable  = errors.New("network is unreachable")
	errHostUnreachable = errors.New("no route to host")
	errRefused         = errors.New("connection refused")
	errNoFamily        = syscall.EAFNOSUPPORT
)
