package main

import (
	"errors"
	"net/netip"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// newClient returns a TCP/IP stack with an address, whose only way out is a device.
func newClient(dev tunx.IPDevice, address netip.Prefix) (*netstack.Stack, error) {
	s, err := netstack.New(nil)
	if err != nil {
		return nil, err
	}
	everywhere := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	if err := errors.Join(
		s.CreateNIC(1, dev),
		s.AddAddress(1, address),
		s.SetRouteTable([]netstack.Route{{Destination: everywhere, NIC: 1}}),
	); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
