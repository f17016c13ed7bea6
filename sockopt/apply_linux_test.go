package sockopt

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// intOf reads an int past all of this package.
func intOf(t *testing.T, c syscall.Conn, level, number int) int {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	var n int
	require.NoError(t, raw.Control(func(fd uintptr) { n, err = unix.GetsockoptInt(int(fd), level, number) }))
	require.NoError(t, err)
	return n
}

// listen opens a plain TCP listener with options in Control.
func listen(t *testing.T, network, address string, opts Options) *net.TCPListener {
	t.Helper()
	lc := net.ListenConfig{Control: opts.Control}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(t.Context(), network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.(*net.TCPListener)
}

// pair returns both ends of a connection to the listener.
func pair(t *testing.T, l *net.TCPListener, d net.Dialer) (client, server *net.TCPConn) {
	t.Helper()
	c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	s, err := l.AcceptTCP()
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return c.(*net.TCPConn), s
}

// TestNetOverwrites shows what package net does after Control, and that Apply has the last word.
func TestNetOverwrites(t *testing.T) {
	opts, err := ParseList("TCP_NODELAY=false,SO_KEEPALIVE=false,TCP_KEEPIDLE=77s,TCP_KEEPINTVL=7s,TCP_KEEPCNT=3")
	require.NoError(t, err)
	l := listen(t, "tcp4", "127.0.0.1:0", opts)
	client, server := pair(t, l, net.Dialer{Control: opts.Control})
	for _, c := range []*net.TCPConn{client, server} {
		assert.Error(t, opts.Verify(c), "package net sets its own after connect and accept")
		require.NoError(t, opts.Apply(c))
		require.NoError(t, opts.Verify(c))
		assert.Equal(t, 0, intOf(t, c, unix.IPPROTO_TCP, unix.TCP_NODELAY))
		assert.Equal(t, 0, intOf(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE))
		assert.Equal(t, 77, intOf(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE))
	}
}

// TestStages: Control sets the options of its stage and no others, Apply on a listener those that are left for it.
func TestStages(t *testing.T) {
	opts, err := ParseList("SO_RCVBUF=40000,TCP_DEFER_ACCEPT=5s,TCP_FASTOPEN=256,TCP_CORK=true,SO_PRIORITY=5")
	require.NoError(t, err)
	l := listen(t, "tcp4", "127.0.0.1:0", opts)
	assert.Equal(t, 80000, intOf(t, l, unix.SOL_SOCKET, unix.SO_RCVBUF))
	assert.Equal(t, 0, intOf(t, l, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT))
	require.NoError(t, opts.Apply(l))
	assert.Equal(t, 7, intOf(t, l, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT))
	assert.Equal(t, 256, intOf(t, l, unix.IPPROTO_TCP, unix.TCP_FASTOPEN))
	assert.Equal(t, 0, intOf(t, l, unix.IPPROTO_TCP, unix.TCP_CORK), "a corked listener would cork every conn")
	require.NoError(t, opts.Verify(l))

	require.NoError(t, TCPDeferAccept.Set(l, 0))
	client, server := pair(t, l, net.Dialer{})
	assert.Equal(t, 0, intOf(t, server, unix.SOL_SOCKET, unix.SO_PRIORITY), "not inherited")
	raw, err := server.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, opts.ApplyStage(Established, "tcp4", raw))
	assert.Equal(t, 5, intOf(t, server, unix.SOL_SOCKET, unix.SO_PRIORITY))
	assert.Equal(t, 1, intOf(t, server, unix.IPPROTO_TCP, unix.TCP_CORK))
	require.NoError(t, opts.Verify(server), "what is for listeners is not looked for on a conn")
	assert.Error(t, opts.Verify(client))
}

// TestOrder: options that rewrite others are applied before them, whatever the order of the list.
func TestOrder(t *testing.T) {
	for _, list := range []string{"SO_PRIORITY=3,IP_TOS=184", "IP_TOS=184,SO_PRIORITY=3"} {
		opts, err := ParseList(list)
		require.NoError(t, err)
		l := listen(t, "tcp4", "127.0.0.1:0", opts)
		assert.Equal(t, 3, intOf(t, l, unix.SOL_SOCKET, unix.SO_PRIORITY), list)
		assert.Equal(t, 184, intOf(t, l, unix.IPPROTO_IP, unix.IP_TOS), list)
	}
	for _, list := range []string{"SO_RCVBUFFORCE=100000,SO_RCVBUF=50000", "SO_BUF_LOCK=0,SO_RCVBUF=50000"} {
		needRoot(t)
		opts, err := ParseList(list)
		require.NoError(t, err)
		require.NoError(t, opts[:1].Apply(newSocket(t, TCP4, 0)))
		f := newSocket(t, TCP4, 0)
		require.NoError(t, opts.Apply(f))
		assert.NoError(t, opts[:1].Verify(f), list)
	}
}

// TestControlIsIdempotent: package net calls Control again on plain TCP when a Multipath TCP socket refused an option.
func TestControlIsIdempotent(t *testing.T) {
	opts := Options{TCPUserTimeout.Value(5 * time.Second), ReusePort.Value(true)}
	calls := 0
	lc := net.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		calls++
		return opts.Control(network, address, c)
	}}
	lc.SetMultipathTCP(true)
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	assert.Equal(t, 2, calls)
	assert.Equal(t, unix.IPPROTO_TCP, intOf(t, l.(*net.TCPListener), unix.SOL_SOCKET, unix.SO_PROTOCOL))
	require.NoError(t, opts.Verify(l.(*net.TCPListener)))
	require.NoError(t, opts.Control("tcp4", "", rawConn(t, newSocket(t, TCP4, 0))))
}

// rawConn is the RawConn of a file.
func rawConn(t *testing.T, c syscall.Conn) syscall.RawConn {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	return raw
}

// TestMultipathDropsSilently: what a Multipath TCP socket would take and drop counts as refused.
func TestMultipathDropsSilently(t *testing.T) {
	f := newSocket(t, TCP4|MPTCP, 0)
	require.NoError(t, unix.SetsockoptInt(int(f.Fd()), unix.SOL_SOCKET, unix.SO_DONTROUTE, 1))
	assert.Equal(t, 0, intOf(t, f, unix.SOL_SOCKET, unix.SO_DONTROUTE))
	assert.ErrorIs(t, DontRoute.Set(f, true), errors.ErrUnsupported)
	assert.ErrorIs(t, Options{DontRoute.Value(true)}.RefusedByMPTCP(), errors.ErrUnsupported)
}

// TestTwins: one logical option reaches every level that the socket has, under either name.
func TestTwins(t *testing.T) {
	cases := []struct {
		name    string
		option  string
		network string
		v4, v6  int // -1 where the socket has no such level
	}{
		{"IP_TTL on IPv4", "IP_TTL=9", "udp4", 9, -1},
		{"IPV6_UNICAST_HOPS on IPv4", "IPV6_UNICAST_HOPS=9", "udp4", 9, -1},
		{"IP_TTL on IPv6 alone", "IP_TTL=9", "udp6", 64, 9},
		{"IP_TTL on both", "IP_TTL=9", "udp", 9, 9},
		{"IPV6_UNICAST_HOPS on both", "IPV6_UNICAST_HOPS=9", "udp", 9, 9},
		{"a value for each", "IP_TTL=9,IPV6_UNICAST_HOPS=10", "udp", 9, 10},
		{"a value for each, reversed", "IPV6_UNICAST_HOPS=10,IP_TTL=9", "udp", 9, 10},
		{"the default", "IP_TTL=-1", "udp", 64, 64},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			opts, err := ParseList(c.option)
			require.NoError(t, err)
			address := map[string]string{"udp4": "127.0.0.1:0", "udp6": "[::1]:0", "udp": "[::]:0"}[c.network]
			lc := net.ListenConfig{Control: opts.Control}
			p, err := lc.ListenPacket(t.Context(), c.network, address)
			require.NoError(t, err)
			defer p.Close()
			u := p.(*net.UDPConn)
			assert.Equal(t, c.v4, intOf(t, u, unix.IPPROTO_IP, unix.IP_TTL))
			if c.v6 >= 0 {
				assert.Equal(t, c.v6, intOf(t, u, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS))
			}
			require.NoError(t, opts.Verify(u))
			require.NoError(t, opts.Apply(u))
		})
	}
}

// TestTwinTranslation: -1 is the default traffic class of IPv6, for which IPv4 has the number 0.
func TestTwinTranslation(t *testing.T) {
	f := newSocket(t, UDP6, 0)
	opts := Options{IPv6TClass.Value(-1)}
	require.NoError(t, IPTOS.Set(f, 184))
	require.NoError(t, opts.Apply(f))
	require.NoError(t, opts.Verify(f))
	assert.Equal(t, 0, intOf(t, f, unix.IPPROTO_IP, unix.IP_TOS))
	err := IPv6UnicastHops.Set(f, 0)
	assert.ErrorIs(t, err, syscall.EINVAL, "IPv4 has no such value, and the socket carries IPv4 too")
	assert.Equal(t, 64, intOf(t, f, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS), "so it is set at no level")
	require.NoError(t, IPv6V6Only.Set(f, true))
	assert.NoError(t, IPv6UnicastHops.Set(f, 0))
}

// TestMappedConn: on an IPv6 socket with an IPv4 peer the IPv4 level is what counts.
func TestMappedConn(t *testing.T) {
	l := listen(t, "tcp", "[::]:0", nil)
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp4", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(l.Addr().(*net.TCPAddr).Port)).String())
	require.NoError(t, err)
	defer c.Close()
	s, err := l.AcceptTCP()
	require.NoError(t, err)
	defer s.Close()
	require.Equal(t, unix.AF_INET6, intOf(t, s, unix.SOL_SOCKET, unix.SO_DOMAIN))
	raw := rawConn(t, s)
	require.NoError(t, raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, 33) }))
	require.NoError(t, err)
	got, err := IPTTL.Get(s)
	require.NoError(t, err)
	assert.Equal(t, 33, got)
	got, err = IPv6UnicastHops.Get(s)
	require.NoError(t, err)
	assert.Equal(t, 33, got)
	assert.Error(t, Options{IPTTL.Value(33)}.Verify(s), "the IPv6 level still differs")
	require.NoError(t, IPTTL.Set(s, 33))
	assert.NoError(t, Options{IPTTL.Value(33)}.Verify(s))
}

// TestDualStackDial: an option for IPv6 alone does not fail the IPv4 leg of a dial, and applies to the IPv6 leg.
func TestDualStackDial(t *testing.T) {
	opts := Options{IPv6AutoFlowLabel.Value(false)}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l := listen(t, "tcp", address, nil)
		client, _ := pair(t, l, net.Dialer{Control: opts.Control})
		require.NoError(t, opts.Verify(client))
		require.NoError(t, opts.Check("tcp"))
	}
	assert.ErrorIs(t, opts.Check("tcp4"), errors.ErrUnsupported)
}

// TestWrongNetwork: everything is checked before anything is applied.
func TestWrongNetwork(t *testing.T) {
	opts, err := ParseList("SO_RCVBUF=40000,TCP_SYNCNT=3,UDP_SEGMENT=1400,TCP_KEEPIDLE=5s")
	require.NoError(t, err)
	lc := net.ListenConfig{Control: opts.Control}
	_, err = lc.ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "sockopt: set TCP_SYNCNT=3 on udp4 at stage bind: unsupported operation: only for tcp4 tcp6")
	assert.ErrorContains(t, err, "TCP_KEEPIDLE=5s")

	f := newSocket(t, UDP4, nonBlocking)
	before := intOf(t, f, unix.SOL_SOCKET, unix.SO_RCVBUF)
	require.ErrorIs(t, opts.Apply(f), errors.ErrUnsupported)
	require.ErrorIs(t, opts.Control("udp4", "", rawConn(t, f)), errors.ErrUnsupported)
	assert.Equal(t, before, intOf(t, f, unix.SOL_SOCKET, unix.SO_RCVBUF), "nothing was applied")
}

// TestPrefer: lacking options are left out and reported; the others are applied.
func TestPrefer(t *testing.T) {
	opts := Options{
		Prefer(ExclusiveAddrUse.Value(true)), Prefer(TCPNoDelay.Value(true)), Prefer(TCPThinDupack.Value(true)),
		Prefer(RcvTimeo.Value(time.Second)), RcvBuf.Value(40000),
	}
	f := newSocket(t, UDP4, nonBlocking)
	require.NoError(t, opts.Control("udp4", "", rawConn(t, f)))
	require.NoError(t, opts.Apply(f))
	require.NoError(t, opts.Verify(f))
	report := opts.Report(f)
	require.Len(t, report, 5)
	for _, r := range report[:4] {
		assert.ErrorIs(t, r.Err, errors.ErrUnsupported, r.Option.String())
		assert.Empty(t, r.Got)
	}
	assert.NoError(t, report[4].Err)
	assert.Equal(t, "80000", report[4].Got)

	// The kernel itself may say so: Multipath TCP is not known from the network's name.
	m := newSocket(t, TCP4|MPTCP, nonBlocking)
	require.NoError(t, Options{Prefer(TCPUserTimeout.Value(time.Second))}.Control("tcp4", "", rawConn(t, m)))
	assert.ErrorIs(t, Options{TCPUserTimeout.Value(time.Second)}.Control("tcp4", "", rawConn(t, m)), unix.ENOPROTOOPT)
	assert.ErrorIs(t, Options{Prefer(UDPSegment.Value(-1))}.Control("tcp4", "", rawConn(t, m)), syscall.EINVAL, "a bad value is no lack")
}

// TestTooLate: what only counts before bind or connect is refused afterwards, unless it is as wanted.
func TestTooLate(t *testing.T) {
	set := Options{ReusePort.Value(true), TCPMaxSeg.Value(1000)}
	l := listen(t, "tcp4", "127.0.0.1:0", set)
	require.NoError(t, set.Apply(l), "it was set in Control")
	err := Options{ReusePort.Value(false), TCPMaxSeg.Value(900)}.Apply(l)
	require.ErrorIs(t, err, syscall.EINVAL)
	assert.ErrorContains(t, err, "too late, only before bind")
	assert.ErrorContains(t, err, "too late, only before connect")
	assert.Error(t, ReusePort.Set(l, false))

	client, _ := pair(t, l, net.Dialer{Control: Options{TCPMaxSeg.Value(1000)}.Control})
	require.NoError(t, Options{TCPMaxSeg.Value(1000)}.Apply(client), "1000 reads lower once connected")
	assert.Error(t, TCPMaxSeg.Set(client, 500))
}

// TestTimeouts: SO_RCVTIMEO has no effect on a conn of package net, so it is refused; on a blocking socket it works.
func TestTimeouts(t *testing.T) {
	opts := Options{RcvTimeo.Value(100 * time.Millisecond)}
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	client, _ := pair(t, l, net.Dialer{})
	for _, err := range []error{
		opts.Apply(client), opts.Verify(client), RcvTimeo.Set(client, time.Second), opts.Check("tcp"),
		opts.Control("tcp4", "", rawConn(t, client)),
	} {
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.ErrorContains(t, err, "use SetReadDeadline")
	}
	f := newSocket(t, UDP4, 0)
	require.NoError(t, unix.Bind(int(f.Fd()), &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, opts.Apply(f))
	_, _, err := unix.Recvfrom(int(f.Fd()), make([]byte, 1), 0)
	assert.ErrorIs(t, err, unix.EAGAIN)
}

// TestGuards: what the kernel takes and then ignores is refused.
func TestGuards(t *testing.T) {
	f := newSocket(t, UDP4, 0)
	require.NoError(t, unix.SetsockoptInt(int(f.Fd()), unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, 9999), "the kernel takes it")
	err := Options{BindToIfindex.Value(9999)}.Verify(f)
	assert.ErrorContains(t, err, "interface 9999: no such device")
	f = newSocket(t, UDP4, 0)
	assert.ErrorIs(t, BindToIfindex.Set(f, 9999), unix.ENODEV)
	assert.NoError(t, BindToIfindex.Set(f, 0))

	err = IPLocalPortRange.Set(f, PortRange{Low: 100, High: 200})
	assert.ErrorIs(t, err, syscall.EINVAL)
	assert.ErrorContains(t, err, "net.ipv4.ip_local_port_range")
	require.NoError(t, unix.SetsockoptInt(int(f.Fd()), unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, 200<<16|100), "the kernel takes it")
	assert.ErrorContains(t, Options{IPLocalPortRange.Value(PortRange{100, 200})}.Verify(f), "the kernel would ignore it")
}

// TestPortRange: the ports of a range are the ones that the kernel picks.
func TestPortRange(t *testing.T) {
	opts := Options{IPLocalPortRange.Value(PortRange{Low: 41000, High: 41009}), IPBindAddressNoPort.Value(true)}
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	d := net.Dialer{Control: opts.Control, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	for range 5 {
		client, _ := pair(t, l, d)
		port := client.LocalAddr().(*net.TCPAddr).Port
		assert.True(t, 41000 <= port && port <= 41009, "port %d", port)
		assert.NoError(t, opts.Verify(client))
	}
}

// TestMissingNames: an algorithm that the kernel lacks is a lacking option; a device that is not there is not.
func TestMissingNames(t *testing.T) {
	f := newSocket(t, TCP4, 0)
	err := TCPCongestion.Set(f, "nosuch")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorIs(t, err, unix.ENOENT)
	assert.NoError(t, Options{Prefer(TCPCongestion.Value("nosuch"))}.Apply(f))
	err = BindToDevice.Set(f, "nosuch0")
	assert.ErrorIs(t, err, unix.ENODEV)
	assert.NotErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorIs(t, BindToDevice.Set(f, "a-name-of-16-byt"), syscall.EINVAL)
	assert.ErrorIs(t, BindToDevice.Set(f, "lo\x00"), syscall.EINVAL)
}

// TestRaw sets and reads back what the table need not know.
func TestRaw(t *testing.T) {
	f := newSocket(t, TCP4, 0)
	opts := Options{Raw(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, []byte{30, 0, 0, 0}), Raw(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, []byte{4, 0, 0, 0})}
	require.NoError(t, opts.Apply(f))
	require.NoError(t, opts.Verify(f))
	assert.Equal(t, 30, intOf(t, f, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE))
	assert.ErrorContains(t, Options{Raw(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, []byte{31, 0, 0, 0})}.Verify(f), "6/4=0x1f000000")
	err := Options{Raw(unix.IPPROTO_TCP, 9999, []byte{1, 0, 0, 0})}.Apply(f)
	assert.ErrorIs(t, err, unix.ENOPROTOOPT)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	advice := Options{Raw(unix.SOL_SOCKET, unix.SO_CNX_ADVICE, []byte{1, 0, 0, 0})} // can be set only
	require.NoError(t, advice.Apply(f))
	require.NoError(t, advice.Verify(f))
	assert.Equal(t, "cannot be read", advice.Report(f)[0].Note)
	assert.ErrorIs(t, Options{Raw(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, nil)}.Apply(f), unix.EINVAL)
	key := Raw(unix.IPPROTO_TCP, unix.TCP_FASTOPEN_KEY, []byte("0123456789abcdef0123456789ABCDEF"))
	require.NoError(t, Options{key}.Control("tcp4", "", rawConn(t, f)))
	require.NoError(t, Options{key}.Verify(f))
}

// TestMarks: marks of 2^31 and above do not wrap.
func TestMarks(t *testing.T) {
	needRoot(t)
	f := newSocket(t, UDP4, 0)
	for _, mark := range []uint32{1 << 31, 1<<32 - 1, 0} {
		require.NoError(t, Mark.Set(f, mark))
		got, err := Mark.Get(f)
		require.NoError(t, err)
		assert.Equal(t, mark, got)
		assert.NoError(t, Options{Mark.Value(mark)}.Verify(f))
	}
}

// TestVerifyDiffers: each rule accepts what the kernel makes of a value and nothing else.
func TestVerifyDiffers(t *testing.T) {
	f := newSocket(t, TCP4, 0)
	for _, c := range []struct{ set, differs Option }{
		{RcvBuf.Value(40000), RcvBuf.Value(50000)},
		{SndBuf.Value(1 << 30), SndBuf.Value(1 << 30)}, // cut to net.core.wmem_max
		{TCPDeferAccept.Value(5 * time.Second), TCPDeferAccept.Value(8 * time.Second)},
		{TCPLinger2.Value(-time.Second), TCPLinger2.Value(time.Second)},
		{IPTOS.Value(46), IPTOS.Value(48)},
		{SndTimeo.Value(time.Second + time.Microsecond), SndTimeo.Value(time.Second - 20*time.Millisecond)},
		{Linger.Value(0), Linger.Value(LingerOff)},
		{TCPFastOpen.Value(1 << 20), TCPFastOpen.Value(1 << 20)}, // cut to net.core.somaxconn
		{IPLocalPortRange.Value(PortRange{40000, 41000}), IPLocalPortRange.Value(PortRange{40000, 41001})},
		{TCPWindowClamp.Value(1), TCPWindowClamp.Value(65536)},
	} {
		require.NoError(t, c.set.apply(f), c.set.String())
		err := Options{c.differs}.Verify(f)
		var e *Error
		require.ErrorAs(t, err, &e, c.differs.String())
		assert.Equal(t, "verify", e.Op)
		assert.Equal(t, "tcp4", e.Network)
		if c.set != c.differs {
			assert.NoError(t, Options{c.set}.Verify(f), c.set.String())
		}
	}
	assert.NoError(t, Options{RcvBuf.Value(50000), RcvBuf.Value(40000)}.Verify(f), "the later value counts")
}

// TestSnapshot has every readable row of the socket, leaves the socket as it is, and can be applied to a twin.
func TestSnapshot(t *testing.T) {
	f := newSocket(t, TCP6, 0)
	require.NoError(t, Options{IPTTL.Value(9), TCPKeepIdle.Value(55 * time.Second)}.Apply(f))
	snapshot, err := Snapshot(f)
	require.NoError(t, err)
	again, err := Snapshot(f)
	require.NoError(t, err)
	require.Len(t, again, len(snapshot))
	names := map[string]string{}
	for i, o := range snapshot {
		names[o.Name()] = o.ValueText()
		if o.Info().ReadBack != Live {
			assert.Equal(t, o.String(), again[i].String())
		}
	}
	assert.Equal(t, "9", names["IP_TTL"])
	assert.Equal(t, "9", names["IPV6_UNICAST_HOPS"])
	assert.Equal(t, "55s", names["TCP_KEEPIDLE"])
	assert.Equal(t, "10", names["SO_DOMAIN"])
	assert.NotContains(t, names, "SO_ERROR")
	assert.NotContains(t, names, "UDP_GRO")
	assert.Greater(t, len(names), 100)
	data, err := snapshot.MarshalJSON()
	require.NoError(t, err)
	var back Options
	require.NoError(t, back.UnmarshalJSON(settable(t, data)))
}

// settable keeps the snapshot's JSON as it is: read-only options are refused by name, so they are taken out.
func settable(t *testing.T, data []byte) []byte {
	t.Helper()
	var all Options
	err := all.UnmarshalJSON(data)
	require.ErrorContains(t, err, "SO_TYPE=1: invalid argument: read only")
	return []byte(`{"IP_TTL": 9, "TCP_KEEPIDLE": "55s"}`)
}

// TestClosed: a closed conn is an error that says so.
func TestClosed(t *testing.T) {
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	require.NoError(t, l.Close())
	opts := Options{TCPSaveSyn.Value(1)}
	_, snapshotErr := Snapshot(l)
	_, getErr := TCPSaveSyn.Get(l)
	_, infoErr := TCPInfo(l)
	for _, err := range []error{opts.Apply(l), opts.Verify(l), TCPSaveSyn.Set(l, 1), snapshotErr, getErr, infoErr} {
		require.ErrorIs(t, err, net.ErrClosed)
		var e *Error
		assert.ErrorAs(t, err, &e)
	}
}

// TestControlAllocates nothing of its own.
func TestControlAllocates(t *testing.T) {
	opts, err := ParseList("SO_REUSEADDR=true,SO_REUSEPORT=true,SO_RCVBUF=65536,SO_SNDBUF=65536,IP_TOS=16,SO_PRIORITY=5," +
		"IP_TTL=60,TCP_MAXSEG=1200,TCP_SYNCNT=3,TCP_USER_TIMEOUT=5s")
	require.NoError(t, err)
	opts = append(opts, Prefer(ExclusiveAddrUse.Value(true)), Prefer(UDPSegment.Value(1400)))
	for network, name := range map[Networks]string{TCP4: "tcp4", TCP6: "tcp6"} {
		raw := rawConn(t, newSocket(t, network, 0))
		require.NoError(t, opts.Control(name, "", raw))
		allocs := testing.AllocsPerRun(100, func() {
			if err := opts.Control(name, "", raw); err != nil {
				panic(err)
			}
		})
		if !raceEnabled {
			assert.Zero(t, allocs, name)
		}
	}
}

// TestConcurrentUse shares one list between many sockets.
func TestConcurrentUse(t *testing.T) {
	opts := Options{IPTTL.Value(9), TCPSynCnt.Value(3), IPTOS.Value(16)}
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	errs := make(chan error)
	for range 16 {
		go func() {
			d := net.Dialer{Control: opts.Control}
			c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
			if err == nil {
				err = opts.Verify(c.(*net.TCPConn))
				_ = c.Close()
			}
			errs <- err
		}()
	}
	for range 16 {
		assert.NoError(t, <-errs)
	}
}

// TestOtherFamily: a socket that package net does not know has the options of the socket level.
func TestOtherFamily(t *testing.T) {
	f := openSocket(t, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	require.NoError(t, RcvBuf.Set(f, 40000))
	require.NoError(t, Options{RcvBuf.Value(40000)}.Verify(f))
	assert.ErrorIs(t, TCPNoDelay.Set(f, true), errors.ErrUnsupported)
	require.NoError(t, Options{RcvBuf.Value(40000)}.Control("netlink", "", rawConn(t, f)))
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	assert.ErrorIs(t, RcvBuf.Set(r, 1), unix.ENOTSOCK)
}
