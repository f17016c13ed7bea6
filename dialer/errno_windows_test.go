package dialer_test

import "golang.org/x/sys/windows"

// What Winsock says.
const (
	netUnreachable  = windows.WSAENETUNREACH
	hostUnreachable = windows.WSAEHOSTUNREACH
	connRefused     = windows.WSAECONNREFUSED
	noFamily        = windows.WSAEAFNOSUPPORT
)
