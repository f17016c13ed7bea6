package netstack_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// newWire returns a stack that takes what is for others, and the device that its packets
// are read from.
func newWire(t *testing.T, mtu int, opts ...netstack.NICOption) (*netstack.Stack, tunx.IPDevice) {
	t.Helper()
	wire, dev := tunx.Pipe(mtu)
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.CreateNIC(1, plainDevice{dev}, opts...))
	return s, wire
}

// TestUDPSumOfZero has a datagram whose checksum is zero, which means that there is none
// (RFC 768).
func TestUDPSumOfZero(t *testing.T) {
	s, wire := newWire(t, 1500)
	d := netstack.Datagram{NIC: 1, Src: netip.MustParseAddrPort(right4 + ":1"), Dst: netip.MustParseAddrPort(left4 + ":2"), Payload: []byte{0, 0}}
	p := make([]byte, 1500)
	send := func() uint16 {
		require.NoError(t, s.SendUDP(d))
		n, err := wire.Read(p)
		require.NoError(t, err)
		require.Equal(t, 30, n)
		return binary.BigEndian.Uint16(p[26:])
	}
	sum := send()
	require.NotZero(t, sum)
	binary.BigEndian.PutUint16(d.Payload, sum) // makes the whole sum zero
	assert.EqualValues(t, 0xffff, send())
}

func TestSendBeyondTheDevice(t *testing.T) {
	s, wire := newWire(t, 68)
	d := netstack.Datagram{NIC: 1, Src: netip.MustParseAddrPort(right4 + ":1"), Dst: netip.MustParseAddrPort(left4 + ":2"), Payload: make([]byte, 100)}
	require.NoError(t, s.SendUDP(d))
	p, total := make([]byte, 68), 0
	for total < 108 {
		n, err := wire.Read(p)
		require.NoError(t, err)
		total += n - 20
	}
	assert.Equal(t, 108, total)
	echo := netstack.Echo{NIC: 7, Src: d.Src.Addr(), Dst: d.Dst.Addr()}
	require.ErrorIs(t, s.SendEchoReply(echo), netstack.ErrUnknownNICID)
	d.NIC = 7
	require.ErrorIs(t, s.SendUDP(d), netstack.ErrUnknownNICID)
	empty, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, empty.Close()) })
	require.ErrorIs(t, empty.SendUDP(d), netstack.ErrUnknownNICID)
}

// ping4 is an echo request; sum makes its checksum.
func ping4(sum bool) []byte {
	p := make([]byte, 32)
	p[0], p[8], p[9], p[20] = 0x45, 64, 1, 8
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	copy(p[12:], []byte{192, 0, 2, 1, 192, 0, 2, 2})
	binary.BigEndian.PutUint16(p[10:], ^netstack.Sum16(p[:20]))
	if sum {
		binary.BigEndian.PutUint16(p[22:], ^netstack.Sum16(p[20:]))
	}
	return p
}

// TestEchoThatIsDamaged has pings that no handler may see before the one that is right.
func TestEchoThatIsDamaged(t *testing.T) {
	s, wire := newWire(t, 1500, netstack.Promiscuous())
	got := make(chan netstack.Echo, 10)
	s.HandleEcho(func(e netstack.Echo) { got <- e })
	short := ping4(true)[:24]
	binary.BigEndian.PutUint16(short[2:], 24)
	binary.BigEndian.PutUint16(short[10:], 0)
	binary.BigEndian.PutUint16(short[10:], ^netstack.Sum16(short[:20]))
	fifth := ping4(true)
	fifth[0] = 0x55
	six := append([]byte{0x60, 0, 0, 0, 0, 99, 58, 64}, make([]byte, 40)...) // longer than it is
	for _, p := range [][]byte{ping4(false), short, fifth, six, ping4(true)} {
		_, err := wire.Write(p)
		require.NoError(t, err)
	}
	select {
	case e := <-got:
		assert.Equal(t, netip.MustParseAddr("192.0.2.2"), e.Dst)
	case <-time.After(20 * time.Second):
		require.Fail(t, "no echo")
	}
	assert.Empty(t, got)
}

// TestHandlerWithoutPromiscuous leaves what is for others to the engine, which drops it.
func TestHandlerWithoutPromiscuous(t *testing.T) {
	s, wire := newWire(t, 1500)
	require.NoError(t, s.AddAddress(1, netip.MustParsePrefix("192.0.2.2/24")))
	got := make(chan netstack.Echo, 10)
	s.HandleEcho(func(e netstack.Echo) { got <- e })
	other := ping4(true)
	other[19] = 9 // another host
	binary.BigEndian.PutUint16(other[10:], 0)
	binary.BigEndian.PutUint16(other[10:], ^netstack.Sum16(other[:20]))
	for _, p := range [][]byte{other, ping4(true)} {
		_, err := wire.Write(p)
		require.NoError(t, err)
	}
	select {
	case e := <-got:
		assert.Equal(t, netip.MustParseAddr("192.0.2.2"), e.Dst)
	case <-time.After(20 * time.Second):
		require.Fail(t, "no echo")
	}
	assert.Empty(t, got)
}

// TestQuote: a message about a datagram has as much of it as fits (RFC 1812, 4.3.2.3; RFC 4443,
// 2.4).
func TestQuote(t *testing.T) {
	s, wire := newWire(t, 1500)
	p := make([]byte, 1500)
	for to, want := range map[string]int{left4: 576, left6: 1280} {
		from := netip.MustParseAddr(right4)
		if to == left6 {
			from = netip.MustParseAddr(right6)
		}
		require.NoError(t, s.SendUnreachable(netstack.PortUnreachable, netstack.Datagram{
			NIC: 1, Src: netip.AddrPortFrom(netip.MustParseAddr(to), 1), Dst: netip.AddrPortFrom(from, 2), Payload: make([]byte, 1400),
		}))
		n, err := wire.Read(p)
		require.NoError(t, err)
		assert.Equal(t, want, n)
	}
}

// TestForwardDropped counts the SYNs above the limit.
func TestForwardDropped(t *testing.T) {
	s, wire := newWire(t, 1500, netstack.Promiscuous(), netstack.Spoofing())
	over := make(chan struct{}, 1)
	require.NoError(t, s.HandleTCP(&netstack.TCPHandler{
		MaxPending: 1,
		Handle:     func(r *netstack.TCPRequest) { <-r.Context().Done() },
		OnOverflow: func(_, _ netip.AddrPort) { over <- struct{}{} },
	}))
	for _, from := range []string{left4 + ":1", left4 + ":2"} {
		_, err := wire.Write(tcpPacket(port(from), port(right4+":80"), 1, header.TCPFlagSyn, nil))
		require.NoError(t, err)
	}
	<-over
	assert.EqualValues(t, 1, s.Stats().TCP.ForwardDropped)
}
