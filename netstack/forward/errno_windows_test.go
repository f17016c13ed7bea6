package forward_test

import "golang.org/x/sys/windows"

// What sockets say.
const (
	connRefused = windows.WSAECONNREFUSED
	connReset   = windows.WSAECONNRESET
	hostUnreach = windows.WSAEHOSTUNREACH
	hostDown    = windows.WSAEHOSTDOWN
	netUnreach  = windows.WSAENETUNREACH
	netDown     = windows.WSAENETDOWN
	access      = windows.WSAEACCES
)
