package netstack_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// newRouter returns a stack with two devices of the test, of which the second has the MTU.
func newRouter(t *testing.T, one, two tunx.IPDevice) *netstack.Stack {
	t.Helper()
	noLeak(t)
	s, err := netstack.New(&netstack.Config{Forwarding: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	for id, dev := range map[netstack.NICID]tunx.IPDevice{1: one, 2: two} {
		require.NoError(t, s.CreateNIC(id, dev))
	}
	for id, p := range map[string]netstack.NICID{
		"10.1.0.1/24": 1, "10.2.0.1/24": 2, "2001:db8:1::1/64": 1, "2001:db8:2::1/64": 2,
	} {
		require.NoError(t, s.AddAddress(p, prefix(id)))
	}
	require.NoError(t, s.SetRouteTable([]netstack.Route{
		{Destination: prefix("10.1.0.0/24"), NIC: 1}, {Destination: prefix("10.2.0.0/24"), NIC: 2},
		{Destination: prefix("2001:db8:1::/64"), NIC: 1}, {Destination: prefix("2001:db8:2::/64"), NIC: 2},
	}))
	return s
}

// forwarded waits for so many packets, each of which is counted after it was written.
func forwarded(t *testing.T, s *netstack.Stack, n uint64) {
	t.Helper()
	require.Eventually(t, func() bool { return s.Stats().IP.Forwarded >= n }, 20*time.Second, time.Millisecond)
	assert.Equal(t, n, s.Stats().IP.Forwarded)
}

func TestForward(t *testing.T) {
	one, two := newScript(), newScript()
	two.mtu = 1300
	s := newRouter(t, one, two)
	from, to := port("10.1.0.9:1"), port("10.2.0.9:2")

	one.send(t, udpPacket(from, to, 64, []byte("hello")))
	p := two.next(t)
	assert.True(t, sumsRight(p))
	assert.EqualValues(t, 63, header.IPv4(p).TTL())
	assert.Equal(t, "hello", string(p[28:]))

	one.send(t, udpPacket(port("[2001:db8:1::9]:1"), port("[2001:db8:2::9]:2"), 64, []byte("hello")))
	p = two.next(t)
	assert.True(t, sumsRight(p))
	assert.EqualValues(t, 63, header.IPv6(p).HopLimit())
	forwarded(t, s, 2)

	// What ends here is told to who sent it.
	one.send(t, udpPacket(from, to, 1, []byte("hello")))
	p = one.next(t)
	assert.EqualValues(t, header.ICMPv4TimeExceeded, p[20])
	one.send(t, udpPacket(from, port("172.16.0.1:2"), 64, []byte("hello")))
	p = one.next(t)
	assert.EqualValues(t, header.ICMPv4DstUnreachable, p[20])
	require.Eventually(t, func() bool { return s.Stats().IP.Unroutable == 2 }, 20*time.Second, time.Millisecond)

	// What is too long comes in parts, or is refused when it must not.
	long := udpPacket(from, to, 64, make([]byte, 1400))
	one.send(t, long)
	first, second := header.IPv4(two.next(t)), header.IPv4(two.next(t))
	assert.True(t, first.More())
	assert.Equal(t, len(long)+20, len(first)+len(second))
	h := header.IPv4(bytes.Clone(long))
	h.SetFlagsFragmentOffset(header.IPv4FlagDontFragment, 0)
	h.SetChecksum(0)
	h.SetChecksum(^h.CalculateChecksum())
	one.send(t, h)
	p = one.next(t)
	assert.Equal(t, []byte{byte(header.ICMPv4DstUnreachable), byte(header.ICMPv4FragmentationNeeded)}, p[20:22])

	// Nothing is passed on for the stack itself, nor back to where it came from.
	one.send(t, udpPacket(from, port("10.2.0.1:2"), 64, nil))
	assert.EqualValues(t, header.ICMPv4DstUnreachable, one.next(t)[20])
	forwarded(t, s, 4)
	assert.Empty(t, two.out)
}

// A large packet passes whole where both devices know such, and else in segments.
func TestForwardLarge(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789"), 1000)
	for name, whole := range map[string]bool{"whole": true, "segments": false} {
		t.Run(name, func(t *testing.T) {
			a, one := tunx.Pipe(1500)
			b, two := tunx.Pipe(1500)
			if !whole {
				two = plainDevice{two}
			}
			newRouter(t, one, two)
			p := tcpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 1, header.TCPFlagAck, payload)
			_, err := a.(tunx.OffloadDevice).WriteOffload([][]byte{p[:40], p[40:]}, tunx.Offload{
				Segment: 1460, HeaderLen: 40, NeedsChecksum: true, CsumStart: 20, CsumOffset: 16,
			})
			require.NoError(t, err)
			var got []byte
			buf := make([]byte, 65535)
			for len(got) < len(payload) {
				n, o, err := b.(tunx.OffloadDevice).ReadOffload(buf)
				require.NoError(t, err)
				assert.EqualValues(t, 63, header.IPv4(buf).TTL())
				if whole {
					assert.EqualValues(t, 1460, o.Segment)
				} else {
					assert.LessOrEqual(t, n, 1500)
					assert.Equal(t, tunx.Offload{}, o)
					assert.True(t, sumsRight(buf[:n]))
				}
				got = append(got, buf[40:n]...)
			}
			assert.Equal(t, payload, got)
			// One whose segments are too long is refused segment by segment.
			_, err = a.(tunx.OffloadDevice).WriteOffload([][]byte{p}, tunx.Offload{Segment: 1460, HeaderLen: 40, NeedsChecksum: true, CsumStart: 20, CsumOffset: 16})
			require.NoError(t, err)
		})
	}
}

// Conns cross a router whole and complete.
func TestForwardStream(t *testing.T) {
	noLeak(t)
	l := newLine(t)
	defer l.left.Close()
	defer l.middle.Close()
	defer l.right.Close()
	ln, err := l.right.Listen("tcp", "10.2.0.1:80")
	require.NoError(t, err)
	const size = 4 << 20
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Write(make([]byte, size))
	}()
	c, err := l.left.DialContext(t.Context(), "tcp", "10.2.0.1:80")
	require.NoError(t, err)
	defer c.Close()
	n, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
	assert.EqualValues(t, size, n)
	assert.Positive(t, l.middle.Stats().IP.Forwarded)
	assert.Zero(t, l.right.Stats().TCP.ChecksumErrors)
}

// Datagrams that a device hands over together are taken apart, and checksums that it has not
// looked at are looked at.
func TestReadOffload(t *testing.T) {
	noLeak(t)
	a, b := tunx.Pipe(1500)
	s := coreStack(t, b, "192.0.2.1/24")
	c, err := s.ListenPacket("udp", "192.0.2.1:53")
	require.NoError(t, err)
	dev := a.(tunx.OffloadDevice)
	p := udpPacket(port("192.0.2.9:1"), port("192.0.2.1:53"), 64, []byte("onetwothree"))
	_, err = dev.WriteOffload([][]byte{p}, tunx.Offload{Segment: 3, HeaderLen: 28, NeedsChecksum: true, CsumStart: 20, CsumOffset: 6})
	require.NoError(t, err)
	buf := make([]byte, 100)
	for _, want := range []string{"one", "two", "thr", "ee"} {
		n, _, err := c.ReadFrom(buf)
		require.NoError(t, err)
		assert.Equal(t, want, string(buf[:n]))
	}
	p[27]++ // the checksum
	for _, o := range []tunx.Offload{{}, {ChecksumValidated: true}, {NeedsChecksum: true, CsumStart: 20, CsumOffset: 6}} {
		_, err = dev.WriteOffload([][]byte{p}, o)
		require.NoError(t, err)
	}
	for range 2 {
		_, _, err := c.ReadFrom(buf)
		require.NoError(t, err)
	}
	assert.EqualValues(t, 1, s.Stats().UDP.ChecksumErrors)
	// An IPv4 header must be right, whatever is said of the rest, and headers must be there.
	p[11]++
	for _, q := range [][]byte{p, p[:12], {0x40, 0, 0, 0}, append([]byte{0x4f}, p[1:]...)} {
		_, err = dev.WriteOffload([][]byte{q}, tunx.Offload{ChecksumValidated: true})
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return s.Stats().MalformedRcvdPackets == 4 }, 20*time.Second, time.Millisecond)
}
