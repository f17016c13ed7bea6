//go:build !windows

package dialer_test

import "syscall"

const (
	netUnreachable  = syscall.ENETUNREACH
	hostUnreachable = syscall.EHOSTUNREACH
	connRefused     = syscall.ECONNREFUSED
	noFamily        = syscall.EAFNOSUPPORT
)
