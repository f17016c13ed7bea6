package netstack_test

import (
	"io"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// counted counts the packets that are longer than the MTU.
type counted struct {
	tunx.OffloadDevice
	read, written atomic.Int64
}

func (c *counted) ReadOffload(p []byte) (int, tunx.Offload, error) {
	n, o, err := c.OffloadDevice.ReadOffload(p)
	if n > c.MTU() {
		c.read.Add(1)
	}
	return n, o, err
}

func (c *counted) WriteOffload(parts [][]byte, o tunx.Offload) (int, error) {
	n, err := c.OffloadDevice.WriteOffload(parts, o)
	if n > c.MTU() {
		c.written.Add(1)
	}
	return n, err
}

func coreStack(t testing.TB, dev tunx.IPDevice, addr string) *netstack.Stack {
	t.Helper()
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	require.NoError(t, s.CreateNIC(1, dev))
	require.NoError(t, s.AddAddress(1, netip.MustParsePrefix(addr)))
	require.NoError(t, s.SetRouteTable([]netstack.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), NIC: 1}}))
	return s
}

// Large frames cross a link both ways: a wrapper that loses them costs three quarters of the
// speed.
func TestLargeFrames(t *testing.T) {
	noLeak(t)
	a, b := tunx.Pipe(1500)
	ca, cb := &counted{OffloadDevice: a.(tunx.OffloadDevice)}, &counted{OffloadDevice: b.(tunx.OffloadDevice)}
	left, right := coreStack(t, ca, "192.0.2.1/24"), coreStack(t, cb, "192.0.2.2/24")
	l, err := right.Listen("tcp", "192.0.2.2:80")
	require.NoError(t, err)
	const size = 32 << 20
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer c.Close()
		_, err = io.CopyN(io.Discard, c, size)
		if err == nil {
			_, err = c.Write(make([]byte, 4<<20))
		}
		done <- err
	}()
	c, err := left.Dial("tcp", "192.0.2.2:80")
	require.NoError(t, err)
	go c.Write(make([]byte, size))
	n, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
	assert.EqualValues(t, 4<<20, n)
	require.NoError(t, <-done)
	for _, d := range []*counted{ca, cb} {
		assert.Positive(t, d.read.Load())
		assert.Positive(t, d.written.Load())
	}
}

// The engine knows of a NIC's link what there is to know: no hardware, and its length.
func TestLinkFacts(t *testing.T) {
	s, d := newScripted(t, nil)
	info := s.Engine().NICInfo()[1]
	assert.Empty(t, info.LinkAddress)
	assert.Equal(t, header.ARPHardwareNone, info.ARPHardwareType)
	assert.EqualValues(t, d.mtu, info.MTU)
	assert.False(t, info.Flags.Loopback)
	assert.True(t, info.Flags.Running)
}

// A large datagram whose headers are cut is dropped, and counted.
func TestLargeMalformed(t *testing.T) {
	a, b := tunx.Pipe(1500)
	s := coreStack(t, &hasty{b.(tunx.OffloadDevice)}, "192.0.2.1/24")
	_, err := a.Write(ipPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, 17, -1, make([]byte, 4)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Stats().NICs[1].RxDropped == 1 }, 20*time.Second, time.Millisecond)
	assert.Zero(t, s.Stats().UDP.PacketsReceived)
}

// hasty says of every packet that it stands for several.
type hasty struct{ tunx.OffloadDevice }

func (h *hasty) ReadOffload(p []byte) (int, tunx.Offload, error) {
	n, _, err := h.OffloadDevice.ReadOffload(p)
	return n, tunx.Offload{Segment: 1, HeaderLen: 28}, err
}
