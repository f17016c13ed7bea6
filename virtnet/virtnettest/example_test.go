package virtnettest_test

import (
	"testing"

	"github.com/strata-net/strata/virtnet/pipenet"
	"github.com/strata-net/strata/virtnet/virtnettest"
)

// The README shows this test: what an author of a network writes.
func TestPipenet(t *testing.T) {
	network := func(*testing.T) *virtnettest.Network {
		return &virtnettest.Network{SubNetwork: pipenet.AsVirtNet(pipenet.New("t"))}
	}
	t.Run("Network", func(t *testing.T) { virtnettest.TestNetwork(t, network) })
	t.Run("Listener", func(t *testing.T) { virtnettest.TestListener(t, network) })
	t.Run("Conn", func(t *testing.T) { virtnettest.TestConn(t, network) })
	t.Run("PacketConn", func(t *testing.T) { virtnettest.TestPacketConn(t, network) })
}
