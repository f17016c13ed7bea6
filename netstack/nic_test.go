package netstack_test

import (
	"errors"
	"io"
	"net"
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

func TestCreateNICErrors(t *testing.T) {
	noLeak(t)
	s, d := newScripted(t, nil)
	short, long := newScript(), newScript()
	short.mtu, long.mtu = 60, 70000
	for _, test := range []struct {
		id   netstack.NICID
		dev  tunx.IPDevice
		is   error
		text string
	}{
		{0, newScript(), netstack.ErrUnknownNICID, "netstack: create nic: NIC=0: unknown nic id"},
		{-1, newScript(), netstack.ErrUnknownNICID, "netstack: create nic: NIC=-1: unknown nic id"},
		{1, newScript(), netstack.ErrDuplicateNICID, "netstack: create nic: NIC=1: duplicate nic id"},
		{2, nil, netstack.ErrBadLinkEndpoint, "netstack: create nic: NIC=2: bad link layer endpoint: no device"},
		{2, short, netstack.ErrBadLinkEndpoint, "netstack: create nic: NIC=2: bad link layer endpoint: its MTU is 60, not 68 to 65535"},
		{2, long, netstack.ErrBadLinkEndpoint, "netstack: create nic: NIC=2: bad link layer endpoint: its MTU is 70000, not 68 to 65535"},
	} {
		err := s.CreateNIC(test.id, test.dev)
		assert.ErrorIs(t, err, test.is)
		assert.EqualError(t, err, test.text)
	}
	require.NoError(t, s.CreateNIC(2, newScript(), netstack.Name("up")))
	assert.ErrorIs(t, s.CreateNIC(3, newScript(), netstack.Name("up")), netstack.ErrDuplicateNICID)

	for _, err := range []error{
		s.AddAddress(9, prefix("10.0.0.1/8")), s.RemoveAddress(9, addr("10.0.0.1")), s.RemoveNIC(9),
	} {
		assert.ErrorIs(t, err, netstack.ErrUnknownNICID)
	}
	_, err := s.Addresses(9)
	assert.EqualError(t, err, "netstack: addresses: NIC=9: unknown nic id")
	assert.EqualError(t, s.AddAddress(1, prefix("192.0.2.1/24")), "netstack: add address 192.0.2.1/24: NIC=1: duplicate address")
	assert.EqualError(t, s.AddAddress(1, netip.Prefix{}), "netstack: add address invalid Prefix: NIC=1: not a prefix")
	assert.ErrorContains(t, s.AddAddress(1, prefix("::ffff:1.2.3.4/120")), "Unmap")
	assert.ErrorIs(t, s.RemoveAddress(1, addr("192.0.2.9")), netstack.ErrBadLocalAddress)

	require.NoError(t, s.RemoveNIC(2))
	d.err = io.ErrUnexpectedEOF
	err = s.RemoveNIC(1)
	assert.ErrorIs(t, err, d.err)
	assert.EqualError(t, err, "netstack: remove nic: NIC=1: unexpected EOF")
	assert.Empty(t, s.RouteTable())
}

func TestClosedStack(t *testing.T) {
	noLeak(t)
	s, d := newScripted(t, nil)
	d.err = io.ErrUnexpectedEOF
	err := s.Close()
	assert.EqualError(t, err, "netstack: close: NIC=1: unexpected EOF")
	assert.Equal(t, err, s.Close())
	d.err = nil
	for _, err := range []error{
		s.CreateNIC(2, newScript()), s.AddAddress(1, prefix("10.0.0.1/8")), s.RemoveAddress(1, addr("192.0.2.1")),
		s.SetRouteTable(nil),
	} {
		assert.ErrorIs(t, err, netstack.ErrStackClosed)
		assert.ErrorIs(t, err, net.ErrClosed)
	}
	assert.ErrorIs(t, s.RemoveNIC(1), netstack.ErrUnknownNICID)
	assert.Empty(t, s.Stats().NICs)
}

// A NIC at which nothing happens sends nothing, for an hour.
func TestIdleNICIsSilent(t *testing.T) {
	clock := newManual()
	s, d := newScripted(t, &netstack.Config{Clock: clock})
	clock.move(time.Hour)
	assert.Empty(t, d.out)
	addrs, err := s.Addresses(1)
	require.NoError(t, err)
	assert.Equal(t, []netip.Prefix{prefix("192.0.2.1/24"), prefix("2001:db8::1/64")}, addrs)
}

// Timers go with the stack, also those of conns that are in the middle of something.
func TestCloseStopsTimers(t *testing.T) {
	noLeak(t)
	clock := newManual()
	s, d := newScripted(t, &netstack.Config{Clock: clock})
	done := make(chan error, 1)
	go func() {
		_, err := s.DialContext(t.Context(), "tcp", "192.0.2.9:80")
		done <- err
	}()
	assert.Equal(t, header.TCPFlagSyn, header.TCP(d.next(t)[20:]).Flags())
	// The answer to a part of a datagram is a timer, too.
	fragment := header.IPv4(udpPacket(port("192.0.2.9:1"), port("192.0.2.1:2"), 64, make([]byte, 64)))
	fragment.SetFlagsFragmentOffset(header.IPv4FlagMoreFragments, 0)
	fragment.SetChecksum(0)
	fragment.SetChecksum(^fragment.CalculateChecksum())
	d.send(t, fragment)
	require.Eventually(t, func() bool { return clock.pending() >= 2 }, 20*time.Second, time.Millisecond)
	require.NoError(t, s.Close())
	assert.ErrorIs(t, <-done, net.ErrClosed)
	assert.Zero(t, clock.pending())
}

// A SYN is sent again when the clock says so.
func TestClock(t *testing.T) {
	clock := newManual()
	s, d := newScripted(t, &netstack.Config{Clock: clock})
	go func() {
		if c, err := s.DialContext(t.Context(), "tcp", "192.0.2.9:80"); err == nil {
			c.Close()
		}
	}()
	d.next(t)
	for range 3 {
		assert.Empty(t, d.out)
		// What a timer sends is counted in its call, and written later.
		for before := s.Stats().TCP.SegmentsSent; s.Stats().TCP.SegmentsSent == before; {
			clock.move(time.Second)
		}
		assert.Equal(t, header.TCPFlagSyn, header.TCP(d.next(t)[20:]).Flags())
	}
}

// What a device cannot read now it is asked for again, until it is closed.
func TestReadErrors(t *testing.T) {
	noLeak(t)
	s, d := newScripted(t, nil)
	for range 3 {
		d.in <- scripted{err: errors.New("not now")}
	}
	d.send(t, echoPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, nil))
	assert.Equal(t, []byte{192, 0, 2, 9}, d.next(t)[16:20])
	d.send(t, nil) // nothing was read, without an error
	d.in <- scripted{err: errors.New("not now")}
	require.NoError(t, s.RemoveNIC(1)) // in the pause
}

// Answers of the engine never make a reader wait: what does not fit is dropped.
func TestRepliesAreBounded(t *testing.T) {
	s, d := newScripted(t, nil)
	d.out = nil // the device takes nothing
	const sent = 600
	for range sent {
		d.send(t, echoPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, nil))
	}
	require.Eventually(t, func() bool { return s.Stats().NICs[1].TxDropped > 0 }, 20*time.Second, time.Millisecond)
	assert.LessOrEqual(t, s.Stats().NICs[1].TxDropped, uint64(sent-256))
	within(t, time.Minute, "Close", func() { assert.NoError(t, s.Close()) })
}

func TestPromiscuousSpoofing(t *testing.T) {
	d := newScript()
	s, err := netstack.New(nil)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.CreateNIC(1, d, netstack.Promiscuous(), netstack.Spoofing()))
	require.NoError(t, s.SetRouteTable([]netstack.Route{{Destination: prefix("0.0.0.0/0"), NIC: 1}}))
	d.send(t, tcpPacket(port("192.0.2.9:1"), port("203.0.113.7:2"), 1, header.TCPFlagSyn, nil))
	p := d.next(t)
	assert.Equal(t, []byte{203, 0, 113, 7, 192, 0, 2, 9}, p[12:20])
	assert.Equal(t, header.TCPFlagRst|header.TCPFlagAck, header.TCP(p[20:]).Flags())
	require.NoError(t, s.AddAddress(1, prefix("192.0.2.1/24")))
	d.send(t, echoPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, nil))
	assert.Equal(t, []byte{192, 0, 2, 1}, d.next(t)[12:16])

	plain, d2 := newScripted(t, nil)
	d2.send(t, echoPacket(addr("192.0.2.9"), addr("203.0.113.7"), 64, nil))
	d2.send(t, echoPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, nil))
	assert.Equal(t, []byte{192, 0, 2, 1}, d2.next(t)[12:16])
	assert.EqualValues(t, 1, plain.Stats().UnknownNetworkEndpointRcvdPackets)
}

// Packets from outside with an address of the NIC itself are dropped, and counted, as are
// those that are no packets of IP.
func TestOddPackets(t *testing.T) {
	s, d := newScripted(t, nil)
	d.send(t, echoPacket(addr("192.0.2.1"), addr("192.0.2.1"), 64, nil))
	d.send(t, []byte{0x25, 0, 0})
	d.send(t, []byte{0x45, 0, 0})
	d.send(t, []byte{0x65})
	broken := echoPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, nil)
	broken[10]++
	d.send(t, broken)
	d.send(t, ipPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, 200, -1, make([]byte, 8)))
	d.send(t, echoPacket(addr("192.0.2.9"), addr("192.0.2.1"), 64, nil))
	d.next(t)
	// The engine counts what it sent when it has sent it.
	require.Eventually(t, func() bool { return s.Stats().ICMP.EchoRepliesSent == 1 }, 20*time.Second, time.Millisecond)
	st := s.Stats()
	assert.EqualValues(t, 2, st.UnknownProtocolRcvdPackets)
	assert.EqualValues(t, 3, st.MalformedRcvdPackets)
	assert.EqualValues(t, 2, st.NICs[1].RxDropped)
	assert.EqualValues(t, 7, st.NICs[1].RxPackets)
	assert.EqualValues(t, 1, st.ICMP.EchoRequestsReceived)
}

// queued is a device with queues that are pipes.
type queued struct {
	*script
	queues []tunx.IPDevice
}

func (q *queued) Queues() []tunx.IPDevice { return q.queues }

func (q *queued) Close() error {
	for _, d := range q.queues {
		d.Close()
	}
	return q.script.Close()
}

// Each queue of a device has a reader, and all conns together use more than one to send.
func TestMultiQueue(t *testing.T) {
	noLeak(t)
	one, two := &queued{script: newScript()}, &queued{script: newScript()}
	var sent [4]atomic.Int64
	for i := range sent {
		a, b := tunx.Pipe(1500)
		one.queues = append(one.queues, &tapped{a.(tunx.OffloadDevice), &sent[i]})
		two.queues = append(two.queues, b)
	}
	left, right := coreStack(t, one, "192.0.2.1/24"), coreStack(t, two, "192.0.2.2/24")
	l, err := right.Listen("tcp", "192.0.2.2:80")
	require.NoError(t, err)
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	used := func() (n int) {
		for i := range sent {
			if sent[i].Load() > 0 {
				n++
			}
		}
		return n
	}
	for end := time.Now().Add(20 * time.Second); used() < 2 && time.Now().Before(end); {
		c, err := left.Dial("tcp", "192.0.2.2:80")
		require.NoError(t, err)
		_, err = c.Write([]byte("hello"))
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 5))
		require.NoError(t, err)
		c.Close()
	}
	assert.GreaterOrEqual(t, used(), 2)
}

type tapped struct {
	tunx.OffloadDevice
	n *atomic.Int64
}

func (d *tapped) WriteOffload(parts [][]byte, o tunx.Offload) (int, error) {
	d.n.Add(1)
	return d.OffloadDevice.WriteOffload(parts, o)
}
