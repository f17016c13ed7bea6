package main

import (
	"errors"
	"net/netip"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx/link"
	"github.com/strata-net/strata/tunx/tun"
)

// A tunnel is a TUN interface whose traffic goes through a dialer.
type tunnel struct {
	*forward.Forwarder

	link *link.Link
}

// openTunnel makes an interface in a network namespace and leads everything there to it.
// The dialer's sockets are of the process's own namespace: so nothing goes in circles.
func openTunnel(netns string, d dialer.Dialer, seen func(forward.Event)) (*tunnel, error) {
	dev, err := tun.Open(&tun.Config{Name: "strata%d", Netns: netns})
	if err != nil {
		return nil, err
	}
	f, err := carry(dev, d, seen)
	if err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	l, err := link.Setup(&link.Config{
		Name:   dev.Name(),
		Netns:  netns,
		Addrs:  []netip.Prefix{netip.MustParsePrefix("10.7.0.1/24")},
		Routes: []link.Route{{To: netip.MustParsePrefix("0.0.0.0/0")}},
	})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &tunnel{f, l}, nil
}

// Close takes addresses and routes away, resets the flows, and removes the interface.
func (t *tunnel) Close() error { return errors.Join(t.link.Close(), t.Forwarder.Close()) }
