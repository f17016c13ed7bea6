//go:build !plan9

package main

import "syscall"

// What sockets answer, by the numbers of the system. Those above 10000 are of
// Windows, which package syscall does not know as such.
var (
	// A datagram that was sent earlier did not get there.
	unreachedErrors = []error{
		syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EMSGSIZE,
		syscall.Errno(10054), // WSAECONNRESET, how Windows tells of a closed port
	}
	// The peer has cut the conn.
	resetErrors = []error{
		syscall.ECONNRESET, syscall.EPIPE,
		syscall.Errno(10054), syscall.Errno(10053), // WSAECONNRESET and WSAECONNABORTED
	}
	errNoAddress = syscall.EADDRNOTAVAIL
	// Another socket has the port.
	inUseErrors = []error{syscall.EADDRINUSE, syscall.Errno(10048)} // WSAEADDRINUSE
)
