package pipenet_test

import (
	"testing"

	"github.com/strata-net/strata/virtnet/pipenet"
	"github.com/strata-net/strata/virtnet/virtnettest"
)

func TestConformance(t *testing.T) {
	network := func(*testing.T) *virtnettest.Network {
		return &virtnettest.Network{SubNetwork: pipenet.AsVirtNet(pipenet.New("t"))}
	}
	t.Run("Network", func(t *testing.T) { virtnettest.TestNetwork(t, network) })
	t.Run("Listener", func(t *testing.T) { virtnettest.TestListener(t, network) })
	t.Run("Conn", func(t *testing.T) { virtnettest.TestConn(t, network) })
	t.Run("PacketConn", func(t *testing.T) { virtnettest.TestPacketConn(t, network) })
}
