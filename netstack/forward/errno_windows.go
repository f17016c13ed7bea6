package forward

import (
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/strata-net/strata/netstack"
)

// Windows has two numbers for each error: one that package syscall made up, and that of
// Winsock, which sockets answer with.
var (
	refusals = []error{syscall.ECONNREFUSED, windows.WSAECONNREFUSED}

	// unreachables are the errors of a dial or a datagram that ICMP has a word for.
	unreachables = []unreachable{
		{syscall.EHOSTUNREACH, netstack.HostUnreachable},
		{windows.WSAEHOSTUNREACH, netstack.HostUnreachable},
		{windows.WSAEHOSTDOWN, netstack.HostUnreachable},
		{syscall.ENETUNREACH, netstack.NetworkUnreachable},
		{windows.WSAENETUNREACH, netstack.NetworkUnreachable},
		{windows.WSAENETDOWN, netstack.NetworkUnreachable},
		{syscall.EADDRNOTAVAIL, netstack.NetworkUnreachable}, // no address of that family
		{windows.WSAEADDRNOTAVAIL, netstack.NetworkUnreachable},
		{syscall.EACCES, netstack.Prohibited},
		{windows.WSAEACCES, netstack.Prohibited},
		{syscall.EPERM, netstack.Prohibited},
	}
)
