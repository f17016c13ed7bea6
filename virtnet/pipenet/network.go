package pipenet

import (
	"context"
	"errors"
	"fmt"

	"github.com/strata-net/strata/virtnet"
)

// Network is a network of pipes in memory. It is safe for concurrent use.
type Network struct {
	sub      *virtnet.SubNetwork
	registry *registry
}

// New makes a network. Its full name is "pipe" and the given name.
func New(name string) *Network {
	name = "pipe" + name
	e := &engine{registry: newRegistry("ram(" + name + ")")}
	n := &Network{registry: e.registry}
	n.sub, e.notifier = virtnet.NewSubNetwork(name, e, e.registry)
	return n
}

// AsVirtNet returns the network as a subnetwork, which is all of it: to make hosts
// with errors instead of panics, and to close it.
func AsVirtNet(n *Network) *virtnet.SubNetwork { return n.sub }

// Network returns the full name of the network.
func (n *Network) Network() string { return n.sub.Network() }

// Host returns the host with the name; if there is none it makes one. It panics if
// the network is closed, or if the name is none for a host.
func (n *Network) Host(name string) *virtnet.Host {
	for {
		if h := n.sub.Host(name); h != nil {
			return h
		}
		h, err := n.sub.NewHost(context.Background(), name)
		switch {
		case err == nil:
			return h
		case !errors.Is(err, virtnet.ErrHostDup): // else somebody was faster
			panic(fmt.Sprintf("pipenet: %v", err))
		}
	}
}
