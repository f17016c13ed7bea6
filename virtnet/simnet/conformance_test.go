package simnet_test

import (
	"testing"
	"time"

	"github.com/strata-net/strata/virtnet/simnet"
	"github.com/strata-net/strata/virtnet/virtnettest"
)

// ways are those on which streams go.
var ways = map[string]simnet.Config{
	"direct":    {Order: simnet.OrderDirect},
	"names":     {Order: simnet.OrderDirect, Names: true, BufferBytes: 4096},
	"scheduled": {Order: simnet.OrderScheduled},
	"delayed":   {Link: simnet.Link{Latency: 200 * time.Microsecond, Jitter: 100 * time.Microsecond}, Names: true},
	"lossy": {
		Link:   simnet.Link{Latency: 100 * time.Microsecond, Loss: 0.02, Reorder: 0.05},
		MinRTO: time.Millisecond, MaxRTO: 50 * time.Millisecond, // also bounds the second for which a lost SYN is waited
		Seed: 7,
	},
}

// The tests of every network, which have nettest.TestConn among them.
func TestConformance(t *testing.T) {
	for name, config := range ways {
		t.Run(name, func(t *testing.T) {
			fresh := func(t *testing.T) *virtnettest.Network {
				t.Helper()
				return &virtnettest.Network{
					SubNetwork: simnet.AsVirtNet(network(t, config)), Backlog: true, ListenerPort: true,
					OwnAddrs: !config.Names, Datagrams: true,
				}
			}
			t.Run("Network", func(t *testing.T) { virtnettest.TestNetwork(t, fresh) })
			t.Run("Listener", func(t *testing.T) { virtnettest.TestListener(t, fresh) })
			t.Run("Conn", func(t *testing.T) { virtnettest.TestConn(t, fresh) })
			t.Run("PacketConn", func(t *testing.T) { virtnettest.TestPacketConn(t, fresh) })
		})
	}
}
