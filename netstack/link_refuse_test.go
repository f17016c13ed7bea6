package netstack_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// extended returns the IPv6 packet p with a header of the type before its payload.
func extended(p []byte, kind uint8, head []byte) []byte {
	q := append(append(append([]byte(nil), p[:40]...), head...), p[40:]...)
	q[40], q[6] = p[6], kind
	header.IPv6(q).SetPayloadLength(uint16(len(q) - 40))
	return q
}

// What is not passed on is told to its sender, in words of its family.
func TestRefuse(t *testing.T) {
	from4, to4, from6, to6 := port("10.1.0.9:1"), port("10.2.0.9:2"), port("[2001:db8:1::9]:1"), port("[2001:db8:2::9]:2")
	long := make([]byte, 1350)
	dont := header.IPv4(udpPacket(from4, to4, 64, long))
	dont.SetFlagsFragmentOffset(header.IPv4FlagDontFragment, 0)
	for name, test := range map[string]struct {
		p          []byte
		kind, code byte
		mtu        int
	}{
		"TTL":            {udpPacket(from4, to4, 1, long), 11, 0, 0},
		"TTL of 0":       {udpPacket(from4, to4, 0, nil), 11, 0, 0},
		"hop limit":      {udpPacket(from6, to6, 1, long), 3, 0, 0},
		"no route":       {udpPacket(from4, port("172.16.0.1:2"), 64, nil), 3, 0, 0},
		"no IPv6 route":  {udpPacket(from6, port("[2001:db8:9::1]:2"), 64, nil), 1, 0, 0},
		"too long":       {summed(dont), 3, 4, 1300},
		"too long, IPv6": {udpPacket(from6, to6, 64, long), 2, 0, 1300},
		"a ping":         {echoPacket(from4.Addr(), to4.Addr(), 1, nil), 11, 0, 0},
		"extensions":     {extended(udpPacket(from6, to6, 1, nil), 60, make([]byte, 8)), 3, 0, 0},
		"first fragment": {extended(udpPacket(from6, to6, 1, nil), 44, make([]byte, 8)), 3, 0, 0},
		"ICMPv6 query":   {ipPacket(from6.Addr(), to6.Addr(), 1, 58, 2, []byte{128, 0, 0, 0, 0, 0, 0, 0}), 3, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			one, two := newScript(), newScript()
			two.mtu = 1300
			s := newRouter(t, one, two)
			given := append([]byte(nil), test.p...)
			one.send(t, test.p)
			q := one.next(t)
			head, most := 20, 576
			if q[0]>>4 == 4 {
				assert.True(t, header.IPv4(q).IsValid(len(q)) && header.IPv4(q).IsChecksumValid())
				assert.Equal(t, []byte{10, 1, 0, 1, 10, 1, 0, 9}, q[12:20])
				assert.EqualValues(t, 0xffff, netstack.Sum16(q[20:]))
			} else {
				head, most = 40, 1280
				assert.True(t, header.IPv6(q).IsValid(len(q)))
				assert.True(t, transportSum(q[8:24], q[24:40], q[6], q[40:]))
				assert.Equal(t, given[8:24], q[24:40])
			}
			assert.Equal(t, []byte{test.kind, test.code}, q[head:head+2])
			assert.EqualValues(t, test.mtu, binary.BigEndian.Uint32(q[head+4:]))
			assert.LessOrEqual(t, len(q), most)
			assert.Equal(t, given[:min(len(given), most-head-8)], q[head+8:])
			assert.EqualValues(t, 1, s.Stats().IP.Unroutable)
			assert.Empty(t, two.out)
		})
	}
}

// Nothing is said about what is no reason to talk.
func TestRefuseSilently(t *testing.T) {
	from4, to4, from6, to6 := port("10.1.0.9:1"), port("10.2.0.9:2"), port("[2001:db8:1::9]:1"), port("[2001:db8:2::9]:2")
	fragment := header.IPv4(udpPacket(from4, to4, 1, nil))
	fragment.SetFlagsFragmentOffset(0, 80)
	dead := udpPacket(from6, to6, 1, nil)
	for name, p := range map[string][]byte{
		"a part of a packet":   summed(fragment),
		"an error":             ipPacket(from4.Addr(), to4.Addr(), 1, 1, 2, []byte{3, 0, 0, 0, 0, 0, 0, 0}),
		"cut ICMP":             ipPacket(from4.Addr(), to4.Addr(), 1, 1, -1, nil),
		"an ICMPv6 error":      ipPacket(from6.Addr(), to6.Addr(), 1, 58, 2, []byte{1, 0, 0, 0, 0, 0, 0, 0}),
		"cut ICMPv6":           ipPacket(from6.Addr(), to6.Addr(), 1, 58, -1, nil),
		"a part, IPv6":         extended(dead, 44, []byte{0, 0, 0, 80, 0, 0, 0, 0}),
		"a cut extension":      extended(dead, 0, []byte{0, 200, 0, 0, 0, 0, 0, 0}),
		"too short to be one":  ipPacket(from6.Addr(), to6.Addr(), 1, 43, -1, []byte{1, 2, 3}),
		"nobody to tell":       udpPacket(port("192.0.2.1:1"), to4, 1, nil),
		"the stack to tell":    udpPacket(port("10.2.0.1:1"), to4, 1, nil),
		"a source route":       withOptions(udpPacket(from4, to4, 64, nil), []byte{131, 3, 4, 0}),
		"a strict one":         withOptions(udpPacket(from4, to4, 64, nil), []byte{1, 137, 3, 4}),
		"from this host":       udpPacket(port("0.0.0.9:1"), to4, 64, nil),
		"from a link":          udpPacket(port("169.254.0.9:1"), to4, 64, nil),
		"to a link":            udpPacket(from4, port("169.254.0.9:2"), 64, nil),
		"to a link, IPv6":      udpPacket(from6, port("[fe80::9]:2"), 64, nil),
		"IPv4 in IPv6 form":    udpPacket(from6, port("[::ffff:10.2.0.9]:2"), 64, nil),
		"to nobody's loopback": udpPacket(from4, port("127.0.0.1:2"), 64, nil),
	} {
		t.Run(name, func(t *testing.T) {
			one, two := newScript(), newScript()
			s := newRouter(t, one, two)
			one.send(t, p)
			one.send(t, udpPacket(from4, to4, 64, []byte("next")))
			assert.Equal(t, "next", string(two.next(t)[28:]))
			assert.EqualValues(t, 1, s.Stats().IP.Unroutable)
			forwarded(t, s, 1)
			require.NoError(t, s.Close())
			assert.Empty(t, one.out)
			assert.Empty(t, two.out)
		})
	}
}

// A NIC without an address of the family has nothing to say from.
func TestRefuseWithoutAddress(t *testing.T) {
	noLeak(t)
	one := newScript()
	s, err := netstack.New(&netstack.Config{Forwarding: true})
	require.NoError(t, err)
	require.NoError(t, s.CreateNIC(1, one))
	refused := func(n uint64) {
		one.send(t, udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, nil))
		require.Eventually(t, func() bool { return s.Stats().IP.Unroutable == n }, 20*time.Second, time.Millisecond)
	}
	refused(1) // without a route, either
	require.NoError(t, s.SetRouteTable([]netstack.Route{{Destination: prefix("10.1.0.0/24"), NIC: 1}}))
	refused(2)
	require.NoError(t, s.AddAddress(1, prefix("2001:db8::1/64")))
	refused(3)
	require.NoError(t, s.AddAddress(1, prefix("10.3.0.1/32")))
	refused(4)
	assert.Equal(t, []byte{10, 3, 0, 1, 10, 1, 0, 9}, one.next(t)[12:20])
	require.NoError(t, s.Close())
	assert.Empty(t, one.out)
}

// Errors are sent at a bounded rate, whatever comes.
func TestRefuseRate(t *testing.T) {
	for name, p := range map[string][]byte{
		"IPv4": udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 1, nil),
		"IPv6": udpPacket(port("[2001:db8:1::9]:1"), port("[2001:db8:2::9]:2"), 1, nil),
	} {
		t.Run(name, func(t *testing.T) {
			one, two := newScript(), newScript()
			one.out = nil // takes nothing
			s := newRouter(t, one, two)
			s.Engine().SetICMPLimit(1)
			s.Engine().SetICMPBurst(2)
			for range 100 {
				one.send(t, p)
			}
			require.Eventually(t, func() bool { return s.Stats().IP.Unroutable == 100 }, 20*time.Second, time.Millisecond)
			assert.Positive(t, s.Stats().ICMP.RateLimited)
		})
	}
}

// Whatever a router is given, nothing that it sends is malformed.
func FuzzForward(f *testing.F) {
	f.Add(udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, make([]byte, 3000)), uint16(0))
	f.Add(udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 1, nil), uint16(0))
	f.Add(udpPacket(port("[2001:db8:1::9]:1"), port("[2001:db8:2::9]:2"), 64, make([]byte, 3000)), uint16(0))
	f.Add(tcpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 1, header.TCPFlagAck, make([]byte, 3000)), uint16(1460))
	f.Add(withOptions(udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, make([]byte, 3000)), []byte{148, 4, 0, 0}), uint16(0))
	f.Add([]byte{0x45}, uint16(1))
	f.Add([]byte(nil), uint16(0))
	two := newScript()
	a, dev := tunx.Pipe(1500)
	s, err := netstack.New(&netstack.Config{Forwarding: true})
	require.NoError(f, err)
	f.Cleanup(func() { _ = s.Close() })
	require.NoError(f, s.CreateNIC(1, dev))
	require.NoError(f, s.CreateNIC(2, two))
	require.NoError(f, s.AddAddress(1, prefix("10.1.0.1/24")))
	require.NoError(f, s.AddAddress(1, prefix("2001:db8:1::1/64")))
	require.NoError(f, s.SetRouteTable([]netstack.Route{
		{Destination: prefix("10.1.0.0/24"), NIC: 1}, {Destination: prefix("2001:db8:1::/64"), NIC: 1},
		{Destination: prefix("0.0.0.0/0"), NIC: 2}, {Destination: prefix("::/0"), NIC: 2},
	}))
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		buf := make([]byte, 65535)
		for {
			if _, err := a.Read(buf); err != nil {
				return
			}
		}
	}()
	f.Cleanup(func() { a.Close(); <-drained })
	mark := udpPacket(port("10.1.0.9:1"), port("10.2.0.9:2"), 64, []byte("the mark"))
	f.Fuzz(func(t *testing.T, p []byte, segment uint16) {
		if len(p) > 65535 || len(p) == 0 {
			return
		}
		p = bytes.Clone(p)
		if len(p) >= 20 && p[0]>>4 == 4 {
			if n := int(p[0]&15) * 4; n >= 20 && n <= len(p) {
				header.IPv4(p).SetTotalLength(uint16(len(p)))
				summed(p)
			}
		}
		o := tunx.Offload{}
		if segment != 0 {
			o = tunx.Offload{Segment: segment, HeaderLen: 40, NeedsChecksum: true, CsumStart: 20, CsumOffset: 16}
		}
		if _, err := a.(tunx.OffloadDevice).WriteOffload([][]byte{p}, o); err != nil {
			return // the device refuses it
		}
		if _, err := a.Write(mark); err != nil {
			t.Fatal(err)
		}
		for q := two.next(t); !bytes.HasSuffix(q, []byte("the mark")); q = two.next(t) {
			if q[0]>>4 == 4 && (!header.IPv4(q).IsValid(len(q)) || !header.IPv4(q).IsChecksumValid()) ||
				q[0]>>4 == 6 && !header.IPv6(q).IsValid(len(q)) {
				t.Errorf("%x", q)
			}
		}
	})
}
