package dialer

import "golang.org/x/sys/windows"

// What a dial without a proxy would have returned: Winsock's numbers, not those that package syscall has made up.
const (
	errNetUnreachable  = windows.WSAENETUNREACH
	errHostUnreachable = windows.WSAEHOSTUNREACH
	errRefused         = windows.WSAECONNREFUSED
	errNoFamily        = windows.WSAEAFNOSUPPORT
)
