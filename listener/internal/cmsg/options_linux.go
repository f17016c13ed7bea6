package cmsg

import "github.com/strata-net/strata/sockopt"

// Options returns the options for a network. Those of IPv4 have a twin in IPv6,
// and package sockopt sets both where both are needed.
func (w Want) Options(string) sockopt.Options {
	var o sockopt.Options
	if w.Destination {
		o = append(o, sockopt.IPPktInfo.Value(true))
	}
	if w.ECN {
		o = append(o, sockopt.IPRecvTOS.Value(true))
	}
	if w.HopLimit {
		o = append(o, sockopt.IPRecvTTL.Value(true))
	}
	return o
}
