package netstack_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// TestEndpointsLeave counts goroutines after endpoints of all kinds, closed and not, with
// notifications that nobody stopped, when the stacks are closed.
func TestEndpointsLeave(t *testing.T) {
	noLeak(t)
	t.Run("stacks", func(t *testing.T) {
		one, two := stacks(t)
		for i := range 50 {
			c, s := connected(t, one, two, families[0])
			u, to := boundUDP(t, one, families[0], families[0].two)
			for _, e := range []netstack.Endpoint{c, s, u} {
				e.Notify(netstack.EventIn|netstack.EventOut|netstack.EventHUp, func(netstack.EventMask) {
					_, _ = e.Read(make([]byte, 10), nil)
				})
			}
			write(t, c, "data")
			_, err := c.SendMsg([]byte("kept"), &netstack.Message{More: true})
			require.NoError(t, err)
			_, err = u.Write([]byte("data"), &to)
			require.NoError(t, err)
			_, err = one.NewEndpoint(netstack.ICMPv6, netstack.IPv6)
			require.NoError(t, err)
			if i%2 == 0 {
				require.NoError(t, c.Close())
			}
		}
	})
}
