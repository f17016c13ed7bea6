//go:build !plan9

package forward_test

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// Of SYNs that come at once all are admitted, before the first one is a flow. Here another
// stack admits one too many.
func TestLimitAfterAdmission(t *testing.T) {
	for name, c := range map[string]struct {
		overflow netstack.Verdict
		err      error
	}{
		"reset": {netstack.Reset, syscall.ECONNREFUSED},
		"drop":  {netstack.Drop, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			s, f := open(t, &forward.Config{Streams: to(serve(t, echo)), MaxFlows: 1, Overflow: c.overflow})
			dial(t, s, net.JoinHostPort(server4, "80"))
			await(t, "the flow", func() bool { return f.Stats().Flows == 1 })

			inside, outside := tunx.Pipe(1500)
			other, err := netstack.New(nil)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, other.Close()) })
			require.NoError(t, other.HandleTCP(&netstack.TCPHandler{Handle: f.Request}))
			require.NoError(t, other.CreateNIC(1, outside, netstack.Promiscuous(), netstack.Spoofing()))
			require.NoError(t, other.SetRouteTable([]netstack.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), NIC: 1}}))
			late := clientOf(t, inside)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.overflow == netstack.Drop { // nothing comes back: the client waits until it is told
				go func() {
					for ctx.Err() == nil && f.Stats().OverFlows == 0 {
						time.Sleep(time.Millisecond)
					}
					cancel()
				}()
			}
			_, err = late.DialContext(ctx, "tcp", net.JoinHostPort(server4, "80"))
			require.ErrorIs(t, err, c.err)
			await(t, "counted", func() bool { return f.Stats().OverFlows > 0 })
			assert.Equal(t, 1, f.Stats().Flows)
		})
	}
}
