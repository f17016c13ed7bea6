package virtnettest

import (
	"testing"

	"github.com/strata-net/strata/virtnet"
)

// Network is an empty network, made for one test, and what is particular to it.
// The zero value of each field says that the network is as package virtnet
// describes it.
type Network struct {
	// SubNetwork is where hosts are made. The test closes it.
	*virtnet.SubNetwork

	// Other is another subnetwork of the same network, so that conns go from one
	// to the other; nil stands for SubNetwork. The test closes it.
	Other *virtnet.SubNetwork

	// Backlog says that a listener has a queue: a dial succeeds before anybody
	// accepts.
	Backlog bool

	// ListenerPort says that an accepted conn has the port of its listener, as in
	// TCP, and not one of its own.
	ListenerPort bool

	// OwnAddrs says that addresses are not of type *virtnet.Addr, and ports not
	// 1, 2, 3. Dial and Listen still take the names of hosts.
	OwnAddrs bool

	// Datagrams says that Host.ListenPacket works.
	Datagrams bool
}

// MakeNetwork makes an empty network, and fails the test if it cannot. Each call
// makes another network.
type MakeNetwork func(t *testing.T) *Network

// A bench is a network with two hosts, α and β, for one test.
type bench struct {
	testing.TB
	*Network
	alpha, beta *virtnet.Host
}

// set makes a bench of a network, which it closes with the test.
func set(t testing.TB, n *Network) *bench {
	t.Helper()
	if n.Other == nil {
		n.Other = n.SubNetwork
	}
	b := &bench{TB: t, Network: n}
	t.Cleanup(b.close)
	b.alpha = b.host(n.SubNetwork, "α")
	b.beta = b.host(n.Other, "β")
	return b
}

func (b *bench) close() {
	for _, n := range []*virtnet.SubNetwork{b.SubNetwork, b.Other} {
		if err := n.Close(); err != nil {
			b.Errorf("close of the network: %v", err)
		}
	}
}

// host makes a host that has to be possible.
func (b *bench) host(n *virtnet.SubNetwork, name string) *virtnet.Host {
	b.Helper()
	h, err := n.NewHost(b.Context(), name)
	if err != nil {
		b.Fatalf("new host %s: %v", name, err)
	}
	return h
}

// run runs the tests of a table, each on a bench of its own.
func run(t *testing.T, network MakeNetwork, tests []test) {
	for _, each := range tests {
		t.Run(each.name, func(t *testing.T) {
			noLeak(t)
			each.run(set(t, network(t)))
		})
	}
}

type test struct {
	name string
	run  func(*bench)
}
