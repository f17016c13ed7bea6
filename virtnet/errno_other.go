//go:build !plan9 && !windows

package virtnet

import "syscall"

var (
	errConnRefused      = []error{syscall.ECONNREFUSED}
	errAddrInUse        = []error{syscall.EADDRINUSE}
	errAddrNotAvailable = []error{syscall.EADDRNOTAVAIL}
)
