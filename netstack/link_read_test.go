package netstack_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// growingDevice is an interface whose MTU somebody changes.
type growingDevice struct {
	plainDevice

	mtu atomic.Int64
}

func (d *growingDevice) MTU() int { return int(d.mtu.Load()) }

// TestMTUGrows: packets that are longer than the MTU was come whole, but for the one that shows
// it.
func TestMTUGrows(t *testing.T) {
	wire, dev := tunx.Pipe(9000)
	d := &growingDevice{plainDevice: plainDevice{dev}}
	d.mtu.Store(1500)
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.CreateNIC(1, d, netstack.Promiscuous()))
	got := make(chan int, 10)
	s.HandleUDP(func(d netstack.Datagram) { got <- len(d.Payload) })
	for _, step := range []struct {
		mtu        int64
		sent, want []int
	}{
		{1500, []int{100}, []int{100}},
		{9000, []int{8000, 8001, 8002}, []int{8001, 8002}},
	} {
		d.mtu.Store(step.mtu)
		for _, payload := range step.sent {
			_, err := wire.Write(udpPacket(port(left4+":1"), port(right4+":2"), 64, make([]byte, payload)))
			require.NoError(t, err)
		}
		for _, want := range step.want {
			select {
			case n := <-got:
				assert.Equal(t, want, n)
			case <-time.After(20 * time.Second):
				require.Fail(t, "no datagram")
			}
		}
	}
}
