package forward_test

import (
	"testing"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx/tunxtest"
)

// What a forwarder reads and writes is what its Device is given: without the stack between
// them, a packet has to come out as it went in.
func TestDeviceConforms(t *testing.T) {
	for name, mtu := range map[string]int{"1280": 1280, "1500": 1500, "65535": 65535} {
		t.Run(name, func(t *testing.T) {
			tunxtest.TestIPDevice(t, func(*testing.T) *tunxtest.Devices {
				device, stackSide := forward.NewEnds(mtu)
				return &tunxtest.Devices{Device: device, Peer: stackSide}
			})
		})
	}
}
