//go:build !plan9

package simnet

import "syscall"

// errnos are what system calls fail with.
var errnos = map[cause]syscall.Errno{
	peerReset: syscall.ECONNRESET, peerGone: syscall.EPIPE, timedOut: syscall.ETIMEDOUT,
	refused: syscall.ECONNREFUSED, unreachable: syscall.EHOSTUNREACH, badConn: syscall.EPIPE,
	portTaken: syscall.EADDRINUSE, notLocal: syscall.EADDRNOTAVAIL, tooLong: syscall.EMSGSIZE,
	noFamily: syscall.ENETUNREACH, noPeer: syscall.ENOTCONN,
}
