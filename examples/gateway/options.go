package main

import (
	"context"
	"net/netip"

	"github.com/strata-net/strata/sockopt"
)

// fits notes options that cannot take effect on a conn to an upstream.
func (e entry) fits(options sockopt.Options, network string) {
	for _, o := range options {
		field := "options." + o.Name()
		if o.Preferred() {
			field = "prefer." + o.Name()
		}
		e.add(field, (sockopt.Options{o}).Check(network, sockopt.Bind, sockopt.Established))
		if o.Name() == "UDP_GRO" && (Address{Network: network}).protocol() == "udp" {
			e.addf(field, "would join datagrams, which are forwarded one by one")
		}
	}
}

// nowhere is a resolver that finds nothing.
func nowhere(context.Context, string, string) ([]netip.Addr, error) { return nil, context.Canceled }
