package forward

import "github.com/strata-net/strata/netstack"

// Plan 9's errors are texts; a stack that is dialled through has errors of its own.
var (
	refusals     []error
	unreachables = []unreachable{
		{netstack.ErrHostUnreachable, netstack.HostUnreachable},
		{netstack.ErrNetworkUnreachable, netstack.NetworkUnreachable},
		{netstack.ErrNotPermitted, netstack.Prohibited},
	}
)
