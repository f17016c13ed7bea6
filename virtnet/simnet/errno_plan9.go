package simnet

import "syscall"

// Plan 9 has texts instead of numbers.
var errnos = map[cause]error{
	peerReset: syscall.NewError("connection reset by peer"), peerGone: syscall.NewError("broken pipe"),
	timedOut: syscall.ETIMEDOUT, refused: syscall.NewError("connection refused"),
	unreachable: syscall.NewError("no route to host"), badConn: syscall.NewError("broken pipe"),
	portTaken: syscall.NewError("address already in use"), notLocal: syscall.NewError("cannot assign requested address"),
	tooLong: syscall.NewError("message too long"), noFamily: syscall.NewError("network is unreachable"),
	noPeer: syscall.NewError("not connected"),
}
