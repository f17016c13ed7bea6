package dialer

import (
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/strata-net/strata/sockopt"
)

// networks are the names that package net knows, the ip ones without protocol.
var networks = []string{
	"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip", "ip4", "ip6",
	"unix", "unixgram", "unixpacket",
}

func known(network string) bool { return slices.Contains(networks, network) }

// plan is all that can be decided for a network before an address is known.
// Plans are made once in New, so that a dial only looks its plan up.
type plan struct {
	network     string     // what net is asked for
	net         net.Dialer // ready for use
	established sockopt.Options
	requireMP   bool
	errs        []Error // why this network cannot be dialled
}

func newPlan(c *Config, l local, network string, mptcp bool) *plan {
	p := &plan{
		network: network,
		net: net.Dialer{
			Timeout:         c.Timeout,
			FallbackDelay:   c.FallbackDelay,
			KeepAliveConfig: c.KeepAlive,
			Resolver:        c.Resolver,
		},
		established: c.Options.At(sockopt.Established),
	}
	p.net.SetMultipathTCP(mptcp)
	p.requireMP = strings.HasPrefix(network, "tcp") && c.Multipath == sockopt.MultipathRequire
	// A Control costs net four allocations a dial, so there is none without need.
	if bind := c.Options.At(sockopt.Bind); len(bind) > 0 {
		p.net.Control = bind.Control
	}
	var err error
	p.net.LocalAddr, p.network, err = l.on(network)
	p.refuse("LocalAddr", c.LocalAddr, err)
	p.refuse("Options", c.Options.String(), c.Options.Check(network, sockopt.Bind, sockopt.Established))
	return p
}

func (p *plan) refuse(field, value string, err error) {
	if err != nil {
		p.errs = append(p.errs, Error{Op: "dial", Field: field, Value: value, Err: err})
	}
}

// failure is nil or why network and address cannot be dialled.
func (p *plan) failure(network, address string) error {
	if len(p.errs) == 0 {
		return nil
	}
	errs := make([]error, 0, len(p.errs))
	for _, e := range p.errs {
		e.Network, e.Address = network, address
		errs = append(errs, &e)
	}
	return errors.Join(errs...)
}

// name returns what net is to dial when the caller asked for network.
func (p *plan) name(network string) string {
	base, protocol, found := strings.Cut(network, ":")
	switch {
	case base == p.network:
		return network
	case !found:
		return p.network
	}
	return p.network + ":" + protocol
}
