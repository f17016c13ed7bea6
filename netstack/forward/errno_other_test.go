//go:build !plan9 && !windows

package forward_test

import "syscall"

// What sockets say.
const (
	connRefused = syscall.ECONNREFUSED
	connReset   = syscall.ECONNRESET
	hostUnreach = syscall.EHOSTUNREACH
	hostDown    = syscall.EHOSTDOWN
	netUnreach  = syscall.ENETUNREACH
	netDown     = syscall.ENETDOWN
	access      = syscall.EACCES
)
