package netstack_test

import (
	"context"
	"encoding/binary"
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

// newTaker returns a stack that takes what is for others, and a client.
func newTaker(t *testing.T) (client, taker *netstack.Stack) {
	t.Helper()
	a, b := tunx.Pipe(1500)
	taker, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = taker.Close() })
	require.NoError(t, taker.CreateNIC(1, b, netstack.Promiscuous(), netstack.Spoofing()))
	require.NoError(t, taker.SetRouteTable([]netstack.Route{
		{Destination: netip.MustParsePrefix("0.0.0.0/0"), NIC: 1}, {Destination: netip.MustParsePrefix("::/0"), NIC: 1},
	}))
	return newHost(t, a, left4, left6), taker
}

func TestHandlersEnd(t *testing.T) {
	client, taker := newTaker(t)
	handled := make(chan struct{})
	require.NoError(t, taker.HandleTCP(&netstack.TCPHandler{Handle: func(r *netstack.TCPRequest) {
		defer close(handled)
		if c, err := r.Accept(); assert.NoError(t, err) {
			c.Close()
		}
		r.Reject() // decided: does nothing
		assert.NoError(t, r.Unreachable(netstack.HostUnreachable))
		_, err := r.Accept()
		assert.Error(t, err)
		assert.Error(t, r.Context().Err())
	}}))
	c, err := client.Dial("tcp", right4+":80")
	require.NoError(t, err)
	c.Close()
	<-handled                                                                                        // which ends later than the dial
	require.NoError(t, taker.HandleTCP(&netstack.TCPHandler{Handle: func(*netstack.TCPRequest) {}})) // replaces, and drops
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = client.DialContext(ctx, "tcp", right4+":80")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, taker.HandleTCP(nil))
	_, err = client.Dial("tcp", right4+":80")
	require.ErrorIs(t, err, netstack.ErrConnectionRefused)
	err = taker.HandleTCP(&netstack.TCPHandler{MaxPending: -1, HandshakeTimeout: -1, Overflow: 9})
	for _, field := range []string{"Handle=nil", "MaxPending=-1", "HandshakeTimeout=-1ns", "Overflow=9"} {
		assert.ErrorContains(t, err, field)
	}
	taker.HandleUDP(func(netstack.Datagram) {})
	taker.HandleUDP(nil)
	taker.HandleEcho(func(netstack.Echo) {})
	taker.HandleEcho(nil)
}

func TestAdmit(t *testing.T) {
	taker, wire := newWire(t, 1500, netstack.Promiscuous(), netstack.Spoofing())
	require.NoError(t, taker.SetRouteTable([]netstack.Route{{Destination: prefix("0.0.0.0/0"), NIC: 1}}))
	var asked atomic.Int32
	require.NoError(t, taker.HandleTCP(&netstack.TCPHandler{
		Admit: func(src, dst netip.AddrPort, pending int) netstack.Verdict {
			asked.Add(1)
			assert.Equal(t, netip.MustParseAddr(left4), src.Addr())
			assert.Equal(t, netip.MustParseAddrPort(right4+":80"), dst)
			assert.Zero(t, pending)
			return netstack.Reset
		},
		Handle: func(*netstack.TCPRequest) { assert.Fail(t, "not admitted") },
	}))
	// One SYN: a client that gets no answer in time sends another.
	_, err := wire.Write(tcpPacket(port(left4+":1"), port(right4+":80"), 1, header.TCPFlagSyn, nil))
	require.NoError(t, err)
	p := make([]byte, 1500)
	n, err := wire.Read(p)
	require.NoError(t, err)
	assert.Equal(t, header.TCPFlagRst|header.TCPFlagAck, header.TCP(p[20:n]).Flags())
	assert.EqualValues(t, 1, asked.Load())
}

// TestSilentClient has a client that is gone without a word.
func TestSilentClient(t *testing.T) {
	client, taker := newTaker(t)
	restore := netstack.SetPatience(10 * time.Millisecond)
	t.Cleanup(restore)
	causes := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, taker.HandleTCP(&netstack.TCPHandler{Handle: func(r *netstack.TCPRequest) {
		cancel()
		<-r.Context().Done()
		_, err := r.Accept()
		causes <- err
	}}))
	_, err := client.DialContext(ctx, "tcp", right4+":80")
	require.Error(t, err)
	assert.ErrorContains(t, <-causes, "the client gave up")
	require.NoError(t, taker.Close())
}

func TestSendErrors(t *testing.T) {
	_, taker := newTaker(t)
	from, to := netip.MustParseAddrPort(right4+":1"), netip.MustParseAddrPort(left4+":2")
	require.ErrorIs(t, taker.SendUDP(netstack.Datagram{Src: from, Dst: to, Payload: make([]byte, 65508)}), tunx.ErrMsgSize)
	require.ErrorIs(t, taker.SendUDP(netstack.Datagram{Src: netip.MustParseAddrPort("[::1]:1"), Dst: to}), netstack.ErrBadLocalAddress)
	require.ErrorIs(t, taker.SendUDP(netstack.Datagram{NIC: 1}), netstack.ErrBadLocalAddress)
	require.ErrorIs(t, taker.SendUDP(netstack.Datagram{NIC: 1, Src: from}), netstack.ErrBadLocalAddress)
	require.ErrorIs(t, taker.SendEchoReply(netstack.Echo{NIC: 1, Dst: to.Addr()}), netstack.ErrBadLocalAddress)
	require.ErrorIs(t, taker.SendUnreachable(9, netstack.Datagram{Src: from, Dst: to}), netstack.ErrNotSupported)
	require.ErrorIs(t, taker.SendUDP(netstack.Datagram{NIC: 9, Src: from, Dst: to}), netstack.ErrUnknownNICID)
	require.ErrorIs(t, taker.SendUnreachable(netstack.PortUnreachable, netstack.Datagram{NIC: 9, Src: from, Dst: to}), netstack.ErrUnknownNICID)
	require.NoError(t, taker.SendUDP(netstack.Datagram{Src: from, Dst: to}))
	require.NoError(t, taker.SetRouteTable(nil))
	require.Error(t, taker.SendUDP(netstack.Datagram{Src: from, Dst: to}))
}

// TestSuperDatagram gives the taker one packet that stands for several.
func TestSuperDatagram(t *testing.T) {
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	c, d := tunx.Pipe(1500)
	require.NoError(t, s.CreateNIC(1, d, netstack.Promiscuous()))
	got := make(chan string, 10)
	s.HandleUDP(func(d netstack.Datagram) { got <- string(d.Payload) })
	p := make([]byte, 28, 100)
	p = append(p, "aaaabbbbcc"...)
	p[0], p[8], p[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	copy(p[12:], []byte{192, 0, 2, 1, 192, 0, 2, 2})
	binary.BigEndian.PutUint16(p[10:], ^netstack.Sum16(p[:20]))
	binary.BigEndian.PutUint16(p[20:], 9)
	binary.BigEndian.PutUint16(p[22:], 10)
	binary.BigEndian.PutUint16(p[24:], uint16(len(p)-20))
	_, err = c.(tunx.OffloadDevice).WriteOffload([][]byte{p}, tunx.Offload{
		Segment: 4, HeaderLen: 28, NeedsChecksum: true, CsumStart: 20, CsumOffset: 6,
	})
	require.NoError(t, err)
	for _, want := range []string{"aaaa", "bbbb", "cc"} {
		select {
		case s := <-got:
			assert.Equal(t, want, s)
		case <-time.After(20 * time.Second):
			require.Fail(t, "no datagram")
		}
	}
}

// FuzzParse gives the parser of the fast path whatever bytes there are.
func FuzzParse(f *testing.F) {
	f.Add([]byte{0x60, 0, 0, 0, 0, 0})
	f.Add([]byte{0x45, 0, 0, 9, 0, 0, 0x20, 0, 64})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, p []byte) {
		if length, ok := netstack.ParsePacket(p); ok {
			require.LessOrEqual(t, length, len(p))
		}
	})
}
