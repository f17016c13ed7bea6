//go:build !plan9 && !windows

package forward

import (
	"syscall"

	"github.com/strata-net/strata/netstack"
)

var (
	refusals = []error{syscall.ECONNREFUSED}

	// unreachables are the errors of a dial or a datagram that ICMP has a word for.
	unreachables = []unreachable{
		{syscall.EHOSTUNREACH, netstack.HostUnreachable},
		{syscall.EHOSTDOWN, netstack.HostUnreachable},
		{syscall.ENETUNREACH, netstack.NetworkUnreachable},
		{syscall.ENETDOWN, netstack.NetworkUnreachable},
		{syscall.EADDRNOTAVAIL, netstack.NetworkUnreachable}, // no address of that family
		{syscall.EACCES, netstack.Prohibited},
		{syscall.EPERM, netstack.Prohibited},
	}
)
