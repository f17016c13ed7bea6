//go:build !plan9 && !windows

package dialer

import "syscall"

// What a dial without a proxy would have returned.
const (
	errNetUnreachable  = syscall.ENETUNREACH
	errHostUnreachable = syscall.EHOSTUNREACH
	errRefused         = syscall.ECONNREFUSED
	errNoFamily        = syscall.EAFNOSUPPORT
)
