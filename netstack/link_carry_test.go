package netstack_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// Options go where the packet goes, as they are, and what follows the packet does not.
func TestForwardOptions(t *testing.T) {
	one, two := newScript(), newScript()
	newRouter(t, one, two)
	p := withOptions(udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, []byte("hello")), []byte{7, 7, 4, 0, 0, 0, 0, 1})
	one.send(t, append(bytes.Clone(p), "padding"...))
	q := two.next(t)
	assert.Len(t, q, len(p))
	assert.EqualValues(t, 63, q[8])
	assert.True(t, header.IPv4(q).IsChecksumValid())
	assert.Equal(t, p[20:], q[20:])

	p = extended(udpPacket(port("[2001:db8:1::9]:1"), port("[2001:db8:2::9]:2"), 64, []byte("hello")), 0, []byte{0, 0, 5, 2, 0, 0, 0, 0})
	one.send(t, p)
	q = two.next(t)
	assert.Equal(t, p[8:], q[8:])
	assert.EqualValues(t, 63, q[7])
}

// What came from a NIC may leave by it, in pieces that any device takes.
func TestForwardBack(t *testing.T) {
	one, dev := tunx.Pipe(1500)
	two := newScript()
	s := newRouter(t, dev, two)
	p := udpPacket(port("10.1.0.9:1"), port("10.1.0.8:2"), 64, make([]byte, 2000))
	_, err := one.(tunx.OffloadDevice).WriteOffload([][]byte{p}, tunx.Offload{
		Segment: 1000, HeaderLen: 28, NeedsChecksum: true, CsumStart: 20, CsumOffset: 6,
	})
	require.NoError(t, err)
	buf := make([]byte, 65535)
	for range 2 {
		n, o, err := one.(tunx.OffloadDevice).ReadOffload(buf)
		require.NoError(t, err)
		assert.Equal(t, tunx.Offload{}, o)
		assert.Equal(t, 1028, n)
		assert.EqualValues(t, 63, buf[8])
		assert.True(t, sumsRight(buf[:n]))
	}
	forwarded(t, s, 2)
	assert.Empty(t, two.out)
}

// Two routers that send each other what they get end it by its TTL, and do not wait for each
// other.
func TestForwardInCircles(t *testing.T) {
	noLeak(t)
	a, b := tunx.Pipe(1500)
	in, dev := tunx.Pipe(1500)
	left, right := newLoopRouter(t, a), newLoopRouter(t, b)
	require.NoError(t, left.CreateNIC(2, dev))
	for range 1000 {
		_, err := in.Write(udpPacket(port("10.7.0.1:1"), port("10.9.0.1:2"), 32, make([]byte, 1000)))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return left.Stats().IP.Unroutable+right.Stats().IP.Unroutable > 0 }, 20*time.Second, time.Millisecond)
	within(t, time.Minute, "Close", func() {
		assert.NoError(t, left.Close())
		assert.NoError(t, right.Close())
	})
	in.Close()
}

func newLoopRouter(t *testing.T, dev tunx.IPDevice) *netstack.Stack {
	t.Helper()
	s, err := netstack.New(&netstack.Config{Forwarding: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	require.NoError(t, s.CreateNIC(1, dev))
	require.NoError(t, s.SetRouteTable([]netstack.Route{{Destination: prefix("10.0.0.0/8"), NIC: 1}}))
	return s
}

// Large packets come in segments, and those in fragments, where the way asks for it.
func TestForwardLargeToSmall(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789"), 300)
	in, one := tunx.Pipe(1500)
	two := newScript()
	two.mtu = 600
	s := newRouter(t, one, two)
	p := tcpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 1, header.TCPFlagAck, payload)
	o := tunx.Offload{Segment: 1000, HeaderLen: 40, NeedsChecksum: true, CsumStart: 20, CsumOffset: 16}
	_, err := in.(tunx.OffloadDevice).WriteOffload([][]byte{p}, o)
	require.NoError(t, err)
	for range 3 {
		first, second := two.next(t), two.next(t)
		h := header.IPv4(first)
		assert.True(t, h.More())
		h.SetFlagsFragmentOffset(0, 0)
		h.SetTotalLength(uint16(len(first) + len(second) - 20))
		whole := summed(append(first, second[20:]...))
		assert.True(t, sumsRight(whole))
		assert.Equal(t, payload[:1000], whole[40:])
	}
	// Where fragments are not allowed the sender is told, once for the whole.
	d := header.IPv4(bytes.Clone(p))
	d.SetFlagsFragmentOffset(header.IPv4FlagDontFragment, 0)
	_, err = in.(tunx.OffloadDevice).WriteOffload([][]byte{summed(d)}, o)
	require.NoError(t, err)
	buf := make([]byte, 1500)
	_, err = in.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, []byte{3, 4}, buf[20:22])
	assert.EqualValues(t, 1, s.Stats().IP.Unroutable)
	// An MTU in which no fragment has room takes nothing.
	require.NoError(t, s.SetRouteTable([]netstack.Route{{Destination: prefix("10.2.0.0/24"), NIC: 2, MTU: 27}}))
	_, err = in.Write(udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, nil))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Stats().NICs[2].TxDropped == 1 }, 20*time.Second, time.Millisecond)
}

// A packet that says to be large, and has no headers that could be made more of, is dropped.
func TestForwardUncuttable(t *testing.T) {
	in, one := tunx.Pipe(1500)
	two := newScript()
	s := newRouter(t, &careless{OffloadDevice: one.(tunx.OffloadDevice)}, two)
	_, err := in.Write(ipPacket(addr("10.1.0.9"), addr("10.2.0.9"), 64, 47, -1, make([]byte, 100)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Stats().NICs[1].RxDropped == 1 }, 20*time.Second, time.Millisecond)
	assert.Empty(t, two.out)
}

// careless says of every packet that it lacks its checksum.
type careless struct{ tunx.OffloadDevice }

func (c *careless) ReadOffload(p []byte) (int, tunx.Offload, error) {
	n, _, err := c.OffloadDevice.ReadOffload(p)
	return n, tunx.Offload{NeedsChecksum: true}, err
}

// The packets of a flow keep to a queue, and those of many flows use all of them.
func TestForwardQueues(t *testing.T) {
	one := newScript()
	two := &queued{script: newScript()}
	for range 4 {
		q := newScript()
		two.queues = append(two.queues, q)
	}
	newRouter(t, one, two)
	queueOf := func(p []byte) int {
		one.send(t, p)
		var at int
		require.Eventually(t, func() bool {
			for i, q := range two.queues {
				if len(q.(*script).out) > 0 {
					at = i
					<-q.(*script).out
					return true
				}
			}
			return false
		}, 20*time.Second, time.Millisecond)
		return at
	}
	used := make(map[int]bool)
	for i := range 64 {
		for _, addrs := range [][2]string{{"10.1.0.9:%d", "10.2.0.9:53"}, {"[2001:db8:1::9]:%d", "[2001:db8:2::9]:53"}} {
			from, to := port(fmt.Sprintf(addrs[0], 1000+i)), port(addrs[1])
			at := queueOf(udpPacket(from, to, 64, nil))
			used[at] = true
			for range 3 {
				assert.Equal(t, at, queueOf(udpPacket(from, to, 64, []byte("hello"))))
			}
		}
	}
	assert.Len(t, used, 4)
	// Fragments without ports keep together as well.
	whole := udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, make([]byte, 1000))
	parts, err := netstack.Fragments(whole, 300)
	require.NoError(t, err)
	at := queueOf(parts[0])
	for _, p := range parts[1:] {
		assert.Equal(t, at, queueOf(p))
	}
	assert.Equal(t, queueOf(echoPacket(addr("10.1.0.9"), addr("10.2.0.9"), 64, nil)), at, "by addresses alone")
}

// What the stack or everybody is meant to get stays here, from wherever it comes.
func TestForwardLocal(t *testing.T) {
	one, two := newScript(), newScript()
	s := newRouter(t, one, two)
	require.NoError(t, s.CreateNIC(3, netstack.Loopback))
	require.NoError(t, s.AddAddress(3, prefix("10.5.0.1/24")))
	c, err := s.ListenPacket("udp", ":53")
	require.NoError(t, err)
	defer c.Close()
	for _, to := range []string{
		"10.1.0.1:53", "10.2.0.1:53", "10.1.0.255:53", "255.255.255.255:53", "10.5.0.1:53", "[2001:db8:2::1]:53",
	} {
		from := port("10.1.0.9:1")
		if port(to).Addr().Is6() {
			from = port("[2001:db8:1::9]:1")
		}
		one.send(t, udpPacket(from, port(to), 64, []byte(to)))
		buf := make([]byte, 100)
		n, _, err := c.ReadFrom(buf)
		require.NoError(t, err)
		assert.Equal(t, to, string(buf[:n]))
	}
	one.send(t, udpPacket(port("10.1.0.9:1"), port("224.0.0.77:53"), 64, nil))
	one.send(t, udpPacket(port("10.1.0.9:1"), port("127.0.0.1:53"), 64, nil))
	one.send(t, udpPacket(port("[2001:db8:1::9]:1"), port("[::1]:53"), 64, nil))
	one.send(t, udpPacket(port("10.1.0.9:1"), port("10.2.0.9:53"), 64, nil))
	two.next(t)
	assert.Zero(t, s.Stats().IP.Unroutable)
	assert.EqualValues(t, 3, s.Stats().UnknownNetworkEndpointRcvdPackets)
	// A route to Loopback leads to nobody.
	require.NoError(t, s.SetRouteTable([]netstack.Route{{Destination: prefix("0.0.0.0/0"), NIC: 3}}))
	u, err := s.Dial("udp", "172.16.0.1:53")
	require.NoError(t, err)
	defer u.Close()
	_, err = u.Write([]byte("hello"))
	require.NoError(t, err)
	assert.EqualValues(t, 1, s.Stats().NICs[3].RxDropped)
	assert.Zero(t, s.Stats().NICs[3].RxPackets)
}

// A promiscuous NIC takes what goes to no other NIC.
func TestForwardPromiscuous(t *testing.T) {
	noLeak(t)
	one, two := newScript(), newScript()
	s, err := netstack.New(&netstack.Config{Forwarding: true})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.CreateNIC(1, one, netstack.Promiscuous(), netstack.Spoofing()))
	require.NoError(t, s.CreateNIC(2, two))
	require.NoError(t, s.SetRouteTable([]netstack.Route{
		{Destination: prefix("10.1.0.0/24"), NIC: 1}, {Destination: prefix("10.2.0.0/24"), NIC: 2},
	}))
	for _, to := range []string{"10.1.0.8:2", "172.16.0.1:2"} {
		one.send(t, tcpPacket(port("10.1.0.9:1"), port(to), 1, header.TCPFlagSyn, nil))
		assert.Equal(t, header.TCPFlagRst|header.TCPFlagAck, header.TCP(one.next(t)[20:]).Flags())
	}
	one.send(t, udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, nil))
	two.next(t)
	forwarded(t, s, 1)
}

// Malformed packets are counted and go nowhere.
func TestForwardMalformed(t *testing.T) {
	one, two := newScript(), newScript()
	s := newRouter(t, one, two)
	good := udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, nil)
	broken := bytes.Clone(good)
	broken[10]++
	for _, p := range [][]byte{good[:10], broken, good[:25], udpPacket(port("[2001:db8:1::9]:1"), port("[2001:db8:2::9]:2"), 64, nil)[:45]} {
		one.send(t, p)
	}
	one.send(t, good)
	two.next(t)
	assert.EqualValues(t, 4, s.Stats().MalformedRcvdPackets)
	forwarded(t, s, 1)
}
