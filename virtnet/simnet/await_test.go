package simnet_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// A dial that waits for a place in a backlog is told what has become of its own host.
func TestDial_WaitsAndIsClosed(t *testing.T) {
	for name, test := range map[string]struct {
		order simnet.Order
		close func(*simnet.Network)
		want  error
	}{
		"host, direct":       {simnet.OrderDirect, func(n *simnet.Network) { n.Host("a").Close() }, virtnet.ErrHostDown},
		"crash, direct":      {simnet.OrderDirect, func(n *simnet.Network) { n.Host("a").Crash() }, virtnet.ErrHostDown},
		"network, direct":    {simnet.OrderDirect, func(n *simnet.Network) { n.Close() }, virtnet.ErrNetDown},
		"other, direct":      {simnet.OrderDirect, func(n *simnet.Network) { n.Host("b").Close() }, virtnet.ErrConnRefused},
		"host, scheduled":    {simnet.OrderScheduled, func(n *simnet.Network) { n.Host("a").Close() }, virtnet.ErrHostDown},
		"crash, scheduled":   {simnet.OrderScheduled, func(n *simnet.Network) { n.Host("a").Crash() }, virtnet.ErrHostDown},
		"network, scheduled": {simnet.OrderScheduled, func(n *simnet.Network) { n.Close() }, virtnet.ErrNetDown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network(t, simnet.Config{Seed: 1, Order: test.order, Backlog: 1})
				a, b := host(t, n, "a"), host(t, n, "b")
				_, err := b.Listen(":1")
				require.NoError(t, err)
				_, err = a.Dial(t.Context(), "b:1")
				require.NoError(t, err)
				failed := make(chan error)
				go func() { _, err := a.Dial(context.Background(), "b:1"); failed <- err }()
				synctest.Wait()
				began := n.Now()
				test.close(n)
				assert.ErrorIs(t, <-failed, test.want)
				assert.Equal(t, began, n.Now(), "at once")
			})
		})
	}
}
