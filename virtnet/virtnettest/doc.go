// Package virtnettest has the tests that every virtual network has to pass.
//
// # Using it
//
// An author of a [virtnet.Engine] says how to make an empty network, and what is
// particular to it, and calls the four tests:
//
//	network := func(*testing.T) *virtnettest.Network {
//		return &virtnettest.Network{SubNetwork: mynet.New()}
//	}
//	t.Run("Network", func(t *testing.T) { virtnettest.TestNetwork(t, network) })
//	t.Run("Listener", func(t *testing.T) { virtnettest.TestListener(t, network) })
//	t.Run("Conn", func(t *testing.T) { virtnettest.TestConn(t, network) })
//	t.Run("PacketConn", func(t *testing.T) { virtnettest.TestPacketConn(t, network) })
//
// The fields of [Network] say in what a network differs: a backlog, datagrams, addresses
// of its own.
//
// They take a few seconds, without sleeping, and run under the race detector too.
package virtnettest
