package listener

import "golang.org/x/sys/windows"

// passing are the failures of AcceptEx that come from a lack that may end, or
// from a client that has left.
var passing = []error{
	windows.WSAEMFILE, windows.WSAENOBUFS, windows.ERROR_NOT_ENOUGH_MEMORY,
	windows.WSAECONNABORTED, windows.WSAECONNRESET, windows.ERROR_NETNAME_DELETED, windows.WSAENETDOWN,
}
