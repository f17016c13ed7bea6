package virtspec

import (
	"context"
	"errors"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
	"github.com/strata-net/strata/virtnet/pipenet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// Network is a network with its hosts.
type Network struct {
	// SubNetwork has the hosts, and further ones when they are made. Its Close ends
	// the network.
	*virtnet.SubNetwork
	// Sim is the same network as a simulation, with its faults and its trace. nil if
	// it is of another kind.
	Sim *simnet.Network
}

// NewNetworkFromSpec makes the network that the message describes, with its hosts.
// Nothing is opened unless all of it is valid. Of a loopback network a host's name
// can be taken by another process: that is the error of [virtnet.SubNetwork.NewHost].
func NewNetworkFromSpec(m *specv1.VirtualNetwork) (*Network, error) {
	ctx := context.Background()
	c, err := VirtualNetworkConfig(ctx, m)
	if err != nil {
		return nil, err
	}
	var sub *virtnet.SubNetwork
	switch c.Kind {
	case specv1.VirtualNetwork_simulated:
		sim, err := simnet.NewTopology(*c.Topology)
		if err != nil {
			return nil, err
		}
		return &Network{SubNetwork: simnet.AsVirtNet(sim), Sim: sim}, nil
	case specv1.VirtualNetwork_loopback:
		if sub, err = lonet.Join(ctx, c.Name); err != nil {
			return nil, err
		}
	default:
		sub = pipenet.AsVirtNet(pipenet.New(c.Name))
	}
	for _, name := range c.Hosts {
		if _, err := sub.NewHost(ctx, name); err != nil {
			return nil, errors.Join(err, sub.Close())
		}
	}
	return &Network{SubNetwork: sub}, nil
}
