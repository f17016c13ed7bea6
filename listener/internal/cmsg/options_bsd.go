//go:build darwin || freebsd

package cmsg

import (
	"strings"

	"github.com/strata-net/strata/sockopt"
)

// Options returns the options for a network. An IPv6 socket that carries IPv4
// too delivers the messages of IPv6 for both.
func (w Want) Options(network string) sockopt.Options {
	v6 := strings.HasSuffix(network, "6")
	var o sockopt.Options
	if w.Destination && v6 {
		o = append(o, sockopt.IPv6RecvPktInfo.Value(true))
	} else if w.Destination {
		o = append(o, destination4()...)
	}
	if w.ECN && v6 {
		o = append(o, sockopt.IPv6RecvTClass.Value(true))
	} else if w.ECN {
		o = append(o, sockopt.IPRecvTOS.Value(true))
	}
	if w.HopLimit {
		o = append(o, sockopt.IPRecvTTL.Value(true)) // or its twin
	}
	return o
}
