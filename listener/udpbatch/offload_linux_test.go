package udpbatch_test

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt"
)

// This kernel has both, so that a probe which finds less is wrong.
func TestProbe(t *testing.T) {
	noLeak(t)
	for range 3 {
		segments, gso, gro := udpbatch.TryOffloads()
		require.NoError(t, gso)
		require.NoError(t, gro)
		assert.Contains(t, []int{64, 128}, segments)
	}
	c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0", GSO: udpbatch.Require, GRO: udpbatch.Require, PacketInfo: true, ECN: true, HopLimit: true})
	able := c.Capabilities()
	assert.Empty(t, able.Off)
	assert.Equal(t, udpbatch.DefaultBatch, able.Batch)
	assert.True(t, able.GSO && able.GRO && able.PacketInfo && able.ECN && able.HopLimit)
	on, err := sockopt.UDPGRO.Get(c)
	require.NoError(t, err)
	assert.True(t, on)
	require.NoError(t, c.Close())
}

// What is not known is left to setsockopt and to the first use.
func TestProbeWithoutLoopback(t *testing.T) {
	t.Run("down", func(t *testing.T) {
		inNamespace(t)
		ioctl(t, "lo", unix.SIOCSIFFLAGS, func(*ifreq) {})
		segments, gso, gro := udpbatch.TryOffloads()
		assert.NoError(t, gso)
		assert.NoError(t, gro)
		assert.Contains(t, []int{64, 128}, segments)
	})
	t.Run("never up", func(t *testing.T) {
		inEmptyNamespace(t)
		segments, gso, gro := udpbatch.TryOffloads()
		assert.NoError(t, gso)
		assert.NoError(t, gro)
		assert.Equal(t, 64, segments)
	})
}

func TestProbeWithoutDescriptors(t *testing.T) {
	listen(t, &udpbatch.Config{Address: "127.0.0.1:0"}) // the runtime needs some for the first socket
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	for spare := range 2 { // for none or one of the two sockets
		// What the garbage collector closes meanwhile is one more: then the try proves nothing.
		for try := 0; ; try++ {
			require.Less(t, try, 20, "it was never without")
			lowest, err := unix.Dup(0)
			require.NoError(t, err)
			require.NoError(t, unix.Close(lowest))
			few := unix.Rlimit{Cur: uint64(lowest + spare), Max: limit.Max}
			require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &few))
			segments, gso, gro := udpbatch.TryOffloads()
			require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
			if segments == 64 {
				assert.NoError(t, gso)
				assert.NoError(t, gro)
				break
			}
		}
	}
}

func TestKernelWithoutOffloads(t *testing.T) {
	cause := errors.New("cause")
	t.Cleanup(udpbatch.WithProbe(1, cause, cause))
	c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	able := c.Capabilities()
	assert.False(t, able.GSO || able.GRO)
	assert.Equal(t, 1, able.Segments)
	assert.ErrorIs(t, errors.Join(able.Off...), cause)
	_, err := c.WriteBatch(patterns(addrOf(c), repeat(10, 100)))
	require.NoError(t, err)
	expect(t, c, repeat(10, 100), nil)
	_, err = udpbatch.Listen(t.Context(), &udpbatch.Config{Address: "127.0.0.1:0", GSO: udpbatch.Require})
	assert.ErrorIs(t, err, cause)
	assert.ErrorContains(t, err, "GSO=require")
	_, err = udpbatch.Listen(t.Context(), &udpbatch.Config{Address: "127.0.0.1:0", GRO: udpbatch.Require})
	assert.ErrorContains(t, err, "GRO=require")
}

func TestOldKernelsSegments(t *testing.T) {
	t.Cleanup(udpbatch.WithProbe(64, nil, nil))
	c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	_, err := c.WriteBatch(patterns(addrOf(c), repeat(130, 100)))
	require.NoError(t, err)
	assert.Equal(t, 3, udpbatch.Headers(c))
	expect(t, c, repeat(130, 100), nil)
}

func TestRunsBecomeOneSend(t *testing.T) {
	in := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	other := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	out := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	most := out.Capabilities().Segments
	for _, test := range []struct {
		name    string
		sizes   []int
		headers int
	}{
		{"equal", repeat(60, 100), 1},
		{"last shorter", []int{100, 100, 30}, 1},
		{"after a shorter one", []int{100, 100, 30, 100, 30, 30}, 3},
		{"growing", []int{1, 2, 3}, 3},
		{"empty", []int{0, 0, 0}, 3},
		{"empty inside", []int{5, 5, 0, 5, 5}, 3},
		{"most segments", repeat(most, 10), 1},
		{"more segments", repeat(most+1, 10), 2},
		{"64 KiB", repeat(46, 1400), 1},
		{"more than 64 KiB", repeat(47, 1400), 2},
	} {
		ms := patterns(addrOf(in), test.sizes)
		_, err := out.WriteBatch(ms)
		require.NoError(t, err)
		assert.Equal(t, test.headers, udpbatch.Headers(out), test.name)
		expect(t, in, test.sizes, nil)
		// The same from one piece of memory.
		var all []byte
		for _, m := range ms {
			all = append(all, m.Data...)
		}
		for i := range ms {
			n := len(ms[i].Data)
			ms[i].Data, all = all[:n:n], all[n:]
		}
		_, err = out.WriteBatch(ms)
		require.NoError(t, err)
		assert.Equal(t, test.headers, udpbatch.Headers(out), test.name)
		expect(t, in, test.sizes, nil)
	}
	ms := patterns(addrOf(in), repeat(6, 100))
	for _, i := range []int{1, 2, 5} {
		ms[i].Addr = addrOf(other)
	}
	_, err := out.WriteBatch(ms)
	require.NoError(t, err)
	assert.Equal(t, 4, udpbatch.Headers(out))
	got := make([]udpbatch.Message, 1)
	for i, m := range ms {
		from := in
		if m.Addr == addrOf(other) {
			from = other
		}
		_, err := from.ReadBatch(got)
		require.NoError(t, err)
		assert.Equal(t, m.Data, got[0].Data, i)
	}
}

// More than fits the memory for copies goes in several calls.
func TestManyRunsInOneBatch(t *testing.T) {
	in := listen(t, &udpbatch.Config{Address: "127.0.0.1:0", Options: sockopt.Options{sockopt.RcvBuf.Value(212992)}})
	out := dial(t, in.LocalAddr().String(), nil)
	sizes := repeat(230, 1400)
	group := make(chan error, 1)
	go func() {
		n, err := out.WriteBatch(patterns(netip.AddrPort{}, sizes))
		if err == nil && n != len(sizes) {
			err = errors.New(strconv.Itoa(n))
		}
		group <- err
	}()
	expect(t, in, sizes, nil)
	require.NoError(t, <-group)
}

// Without checksums the kernel does not cut (EINVAL): every datagram still
// arrives, and after some tries GSO is left alone for the destination.
func TestGSOGivenUpWithoutChecksum(t *testing.T) {
	in := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	out := listen(t, &udpbatch.Config{Address: "127.0.0.1:0", Options: sockopt.Options{sockopt.NoCheck.Value(true)}})
	to := addrOf(in)
	for i, size := range []int{100, 90, 80, 70, 60} {
		sizes := append(repeat(30, size), size-50)
		n, err := out.WriteBatch(patterns(to, sizes))
		require.NoError(t, err)
		assert.Equal(t, len(sizes), n)
		assert.Equal(t, len(sizes), udpbatch.Headers(out), "one by one")
		expect(t, in, sizes, nil)
		want := size - 1
		if i >= 3 {
			want = 0
		}
		assert.Equal(t, want, udpbatch.Limit(out, to.Addr()))
	}
	require.NoError(t, sockopt.NoCheck.Set(out, false))
	udpbatch.Expire(out, to.Addr())
	_, err := out.WriteBatch(patterns(to, repeat(30, 100)))
	require.NoError(t, err)
	assert.Equal(t, 1, udpbatch.Headers(out), "tried again after a while")
	expect(t, in, repeat(30, 100), nil)
}

// Datagrams longer than the MTU cannot be cut by GSO, and IP fragments them.
func TestGSOAndSmallMTU(t *testing.T) {
	inNamespace(t)
	setMTU(t, "lo", 1280)
	in := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	for name, out := range map[string]*udpbatch.Conn{
		"connected": dial(t, in.LocalAddr().String(), nil),
		"not":       listen(t, &udpbatch.Config{Address: "127.0.0.1:0"}),
	} {
		to := addrOf(in)
		sizes := append(repeat(5, 1200), repeat(5, 3000)...)
		n, err := out.WriteBatch(patterns(to, sizes))
		require.NoError(t, err, name)
		assert.Equal(t, len(sizes), n)
		expect(t, in, sizes, nil)
		assert.Equal(t, 2999, udpbatch.Limit(out, to.Addr()))
		_, err = out.WriteBatch(patterns(to, repeat(50, 1200)))
		require.NoError(t, err)
		assert.Equal(t, 1, udpbatch.Headers(out), "smaller ones still go together")
		expect(t, in, repeat(50, 1200), nil)
	}
	// Where IP must not fragment, the message that does not fit is named.
	out := dial(t, in.LocalAddr().String(), &udpbatch.Config{Options: sockopt.Options{sockopt.IPMTUDiscover.Value(unix.IP_PMTUDISC_DO)}})
	ms := patterns(netip.AddrPort{}, []int{100, 100, 3000, 3000, 100})
	n, err := out.WriteBatch(ms)
	require.ErrorIs(t, err, syscall.EMSGSIZE)
	assert.Equal(t, 2, n)
	assert.ErrorContains(t, err, "message 2 of 3000 bytes")
	_, err = out.WriteBatch(ms[4:])
	require.NoError(t, err)
	got := make([]udpbatch.Message, 1)
	for _, i := range []int{0, 1, 4} {
		_, err := in.ReadBatch(got)
		require.NoError(t, err)
		assert.Equal(t, ms[i].Data, got[0].Data)
	}
}

// ethtool commands (linux/ethtool.h).
const (
	ethtoolTxChecksum = 0x17
	ethtoolSG         = 0x19
	ethtoolGSO        = 0x24
	ethtoolGRO        = 0x2c
)

// Over a pair of interfaces every datagram arrives, in order, whatever the
// interfaces can do.
func TestInterfaces(t *testing.T) {
	noLeak(t)
	for _, test := range []struct {
		name string
		off  []uint32
	}{
		{"all offloads", nil},
		{"no segmentation", []uint32{ethtoolGSO}},
		{"no checksums", []uint32{ethtoolGSO, ethtoolSG, ethtoolTxChecksum}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inNamespace(t)
			ns := otherNamespace(t)
			veth(t, "batch0", "batch1", ns)
			a, b := netip.MustParseAddr("10.99.0.1"), netip.MustParseAddr("10.99.0.2")
			setAddr(t, "batch0", a)
			up(t, "batch0")
			var in *udpbatch.Conn
			inside(t, ns, func() {
				setAddr(t, "batch1", b)
				up(t, "batch1")
				up(t, "lo")
				in = listen(t, &udpbatch.Config{Address: b.String() + ":0", PacketInfo: true})
			})
			for _, command := range test.off {
				ethtool(t, "batch0", command, 0)
			}
			out := dial(t, in.LocalAddr().String(), nil)
			for name, sizes := range sizesTable {
				if name == "two largest" {
					continue // as fragments they take more than the receive buffer
				}
				n, err := out.WriteBatch(patterns(netip.AddrPort{}, sizes))
				require.NoError(t, err, name)
				assert.Equal(t, len(sizes), n)
				expect(t, in, sizes, func(m *udpbatch.Message) { assert.Equal(t, b, m.Local) })
			}
			require.NoError(t, in.Close())
			require.NoError(t, out.Close())
		})
	}
}

// As many datagrams as the socket's buffer holds arrive one by one, and the
// reads that are offered grow with them and shrink when they come joined.
func TestOfferGoesWithTheTraffic(t *testing.T) {
	in := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	single := dial(t, in.LocalAddr().String(), &udpbatch.Config{GSO: udpbatch.Off})
	joined := dial(t, in.LocalAddr().String(), nil)
	r := in.NewReader()
	first, slots := udpbatch.Offer(r)
	assert.Equal(t, 16, first)
	assert.Zero(t, slots, "no memory before the first read")
	sizes := repeat(200, 10)
	for range 4 {
		_, err := single.WriteBatch(patterns(netip.AddrPort{}, sizes))
		require.NoError(t, err)
		expect(t, r, sizes, nil)
	}
	offer, slots := udpbatch.Offer(r)
	assert.Equal(t, udpbatch.DefaultBatch, offer)
	assert.Equal(t, udpbatch.DefaultBatch, slots)
	for range 20 {
		_, err := joined.WriteBatch(patterns(netip.AddrPort{}, sizes))
		require.NoError(t, err)
		expect(t, r, sizes, nil)
	}
	offer, slots = udpbatch.Offer(r)
	assert.Less(t, offer, 16)
	assert.Equal(t, udpbatch.DefaultBatch, slots, "memory is kept, and bounded")
}

func TestMaxMemory(t *testing.T) {
	for _, test := range []struct {
		config udpbatch.Config
		want   int
	}{
		{udpbatch.Config{MaxMemory: 1}, 1},
		{udpbatch.Config{MaxMemory: 3 * 67072}, 3},
		{udpbatch.Config{Batch: 5}, 5},
		{udpbatch.Config{Batch: 1024, GRO: udpbatch.Off, MaxDatagram: 1500, MaxMemory: 100 * 3008}, 100},
	} {
		test.config.Address = "127.0.0.1:0"
		in := listen(t, &test.config)
		out := dial(t, in.LocalAddr().String(), &udpbatch.Config{GSO: udpbatch.Off})
		r := in.NewReader()
		sizes := repeat(250, 10)
		for range 5 {
			_, err := out.WriteBatch(patterns(netip.AddrPort{}, sizes))
			require.NoError(t, err)
			expect(t, r, sizes, nil)
		}
		offer, slots := udpbatch.Offer(r)
		assert.Equal(t, test.want, offer)
		assert.Equal(t, test.want, slots)
	}
}

// An ICMP error is returned once, by the write or the read that meets it, and
// the Conn goes on.
func TestRefused(t *testing.T) {
	gone, err := net.ListenPacket("udp4", "127.45.67.89:0") // where nobody else gets the port
	require.NoError(t, err)
	address := gone.LocalAddr().String()
	require.NoError(t, gone.Close())
	c := dial(t, address, nil)
	ms := make([]udpbatch.Message, 4)
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = c.ReadBatch(ms)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, c.SetReadDeadline(time.Now()))
	_, err = c.ReadBatch(ms)
	var e *udpbatch.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Timeout(), "once: %v", err)
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	awaitError(t, c)
	n, err := c.WriteBatch(patterns(netip.AddrPort{}, []int{10, 10, 5}))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.Zero(t, n)

	in := listen(t, &udpbatch.Config{Address: address})
	n, err = c.WriteBatch(patterns(netip.AddrPort{}, []int{10, 10, 5}))
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	expect(t, in, []int{10, 10, 5}, nil)
}

// awaitError waits until a socket has an error to tell.
func awaitError(t *testing.T, c *udpbatch.Conn) {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	var n int
	var failed error
	require.NoError(t, raw.Control(func(fd uintptr) {
		for n, failed = 0, unix.EINTR; errors.Is(failed, unix.EINTR); {
			n, failed = unix.Poll([]unix.PollFd{{Fd: int32(fd)}}, int(patience.Milliseconds()))
		}
	}))
	require.NoError(t, failed)
	require.Equal(t, 1, n, "no error came")
}

func TestOffloadOptionsBelongToTheConfig(t *testing.T) {
	_, err := udpbatch.Listen(t.Context(), &udpbatch.Config{Address: "127.0.0.1:0", Options: sockopt.Options{sockopt.UDPSegment.Value(100)}})
	assert.ErrorContains(t, err, "UDP_SEGMENT=100: use the field GSO")
	_, err = udpbatch.Dial(t.Context(), "127.0.0.1:1", &udpbatch.Config{Options: sockopt.Options{sockopt.UDPGRO.Value(true)}})
	assert.ErrorContains(t, err, "UDP_GRO=true: use the field GRO")
}

func TestFailingOptionLeavesNothingOpen(t *testing.T) {
	noLeak(t)
	for _, option := range []sockopt.Option{
		sockopt.BindToDevice.Value("nosuchdevice"),
		sockopt.Raw(0, 9999, []byte{1, 0, 0, 0}),
		sockopt.IPv6AddrForm.Value(unix.AF_INET), // after bind, and only if connected to IPv4
	} {
		_, err := udpbatch.Listen(t.Context(), &udpbatch.Config{Address: "[::1]:0", Options: sockopt.Options{option}})
		var e *udpbatch.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "set option", e.Op)
	}
}

// EIO is what IPsec makes of a datagram that has to be cut.
func TestWhatGivesUpGSO(t *testing.T) {
	to := netip.MustParseAddrPort("127.0.0.1:9")
	m := patterns(to, []int{100})
	for _, test := range []struct {
		err   error
		count int
		want  bool
		limit int
	}{
		{unix.EIO, 2, true, 0},
		{unix.EINVAL, 2, true, 99},
		{unix.EMSGSIZE, 128, true, 99},
		{unix.EINVAL, 1, false, math.MaxInt},
		{unix.EIO, 1, false, math.MaxInt},
		{unix.ECONNREFUSED, 2, false, math.MaxInt},
		{net.ErrClosed, 2, false, math.MaxInt},
	} {
		c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
		assert.Equal(t, test.want, udpbatch.GiveUp(c, &m[0], test.count, os.NewSyscallError("sendmmsg", test.err)), test.err)
		assert.Equal(t, test.limit, udpbatch.Limit(c, to.Addr()), test.err)
	}
	in := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	c := dial(t, in.LocalAddr().String(), nil)
	require.True(t, udpbatch.GiveUp(c, &m[0], 2, unix.EIO))
	_, err := c.WriteBatch(patterns(to, repeat(10, 1)))
	require.NoError(t, err)
	assert.Equal(t, 10, udpbatch.Headers(c))
	expect(t, in, repeat(10, 1), nil)
}

// The table of what was given up is bounded.
func TestLimitsPushEachOtherOut(t *testing.T) {
	c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	a, b := udpbatch.Collide()
	udpbatch.Lower(c, a, 50)
	assert.Equal(t, 50, udpbatch.Limit(c, a))
	assert.Equal(t, math.MaxInt, udpbatch.Limit(c, b))
	udpbatch.Lower(c, b, 60)
	assert.Equal(t, math.MaxInt, udpbatch.Limit(c, a))
	assert.Equal(t, 60, udpbatch.Limit(c, b))
}

func TestProbeRefused(t *testing.T) {
	for _, err := range []error{unix.EINVAL, unix.EIO, unix.EOPNOTSUPP} {
		assert.ErrorIs(t, udpbatch.Refusal(err), errors.ErrUnsupported)
		assert.ErrorIs(t, udpbatch.Refusal(err), err)
	}
	for _, err := range []error{unix.ENETUNREACH, unix.EPERM} {
		assert.NoError(t, udpbatch.Refusal(err), "says nothing of the kernel")
	}
}

func TestProbeOfOtherKernels(t *testing.T) {
	for _, test := range []struct {
		most, want int
		err        error
	}{{1000, 128, nil}, {127, 64, nil}, {1, 64, unix.EINVAL}} {
		n, err := udpbatch.TrySegments(func(n int) error {
			if n > test.most {
				return os.NewSyscallError("sendmsg", unix.EINVAL)
			}
			return nil
		})
		assert.Equal(t, test.want, n)
		assert.ErrorIs(t, err, test.err)
	}
	n, err := udpbatch.TrySegments(func(int) error { return unix.ENETUNREACH })
	assert.Equal(t, 128, n)
	assert.ErrorIs(t, err, unix.ENETUNREACH)

	assert.NoError(t, udpbatch.CameAs(128, 128))
	assert.ErrorIs(t, udpbatch.CameAs(128, 1), errors.ErrUnsupported)
}

func TestBuffersAndStages(t *testing.T) {
	c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0", Options: sockopt.Options{sockopt.UDPCork.Value(false)}})
	require.NoError(t, c.SetReadBuffer(65536))
	require.NoError(t, c.SetWriteBuffer(32768))
	n, err := sockopt.RcvBuf.Get(c)
	require.NoError(t, err)
	assert.Equal(t, 131072, n)
	n, err = sockopt.SndBuf.Get(c)
	require.NoError(t, err)
	assert.Equal(t, 65536, n)
}

// Nothing of the caller's stays, not even when the first message cannot be sent.
func TestNothingIsKeptOfAMessageThatFails(t *testing.T) {
	c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
	data := make(chan weak.Pointer[byte])
	go func() {
		b := make([]byte, 1000)
		_, err := c.WriteBatch([]udpbatch.Message{{Data: b, Addr: addrOf(c), ECN: 4}})
		assert.ErrorContains(t, err, "ECN 4 is not from 0 to 3")
		data <- weak.Make(&b[0])
	}()
	kept := <-data
	for end := time.Now().Add(patience); kept.Value() != nil; runtime.GC() {
		require.True(t, time.Now().Before(end), "the data is kept")
	}
	require.NoError(t, c.Close())
}

// While the socket's buffer is full WriteBatch waits: here for a neighbour that
// never answers. Deadline and Close wake it, and it says what was sent.
func TestWriteBatchWaits(t *testing.T) {
	for name, test := range map[string]struct {
		wake func(c *udpbatch.Conn) error
		want error
	}{
		"deadline": {func(c *udpbatch.Conn) error { return c.SetWriteDeadline(time.Now()) }, os.ErrDeadlineExceeded},
		"close":    {(*udpbatch.Conn).Close, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			inNamespace(t)
			veth(t, "full0", "full1", otherNamespace(t))
			setAddr(t, "full0", netip.MustParseAddr("10.99.0.1"))
			up(t, "full0")
			c := dial(t, "10.99.0.2:9", &udpbatch.Config{GSO: udpbatch.Off})
			require.NoError(t, c.SetWriteBuffer(1))
			type result struct {
				n   int
				err error
			}
			results := make(chan result, 1)
			go func() {
				n, err := c.WriteBatch(patterns(netip.AddrPort{}, repeat(200, 1000)))
				results <- result{n, err}
			}()
			for held := 0; held == 0; held = unsent(t, c) { // it has begun
				select {
				case r := <-results:
					require.Fail(t, "did not wait", "%+v", r)
				case <-time.After(50 * time.Millisecond):
				}
			}
			require.NoError(t, test.wake(c))
			r := <-results
			require.ErrorIs(t, r.err, test.want)
			assert.Positive(t, r.n)
			assert.Less(t, r.n, 200)
			assert.ErrorContains(t, r.err, "message "+strconv.Itoa(r.n)+" of 1000 bytes")
		})
	}
}

// unsent is the number of bytes that the kernel has of a socket.
func unsent(t *testing.T, c *udpbatch.Conn) (n int) {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	var failed error
	require.NoError(t, raw.Control(func(fd uintptr) { n, failed = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) }))
	require.NoError(t, failed)
	return n
}

// Options of the bind stage are there before bind.
func TestReusePort(t *testing.T) {
	config := udpbatch.Config{Address: "127.0.0.1:0", Options: sockopt.Options{sockopt.ReusePort.Value(true)}}
	a := listen(t, &config)
	config.Address = a.LocalAddr().String()
	b := listen(t, &config)
	assert.Equal(t, a.LocalAddr(), b.LocalAddr())
}

func TestInterface(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
			in := listen(t, configure(udpbatch.Config{Address: address, PacketInfo: true}))
			out := dial(t, in.LocalAddr().String(), configure(udpbatch.Config{}))
			ms := patterns(netip.AddrPort{}, []int{5})
			ms[0].Interface = 1
			_, err := out.WriteBatch(ms)
			require.NoError(t, err)
			expect(t, in, []int{5}, func(m *udpbatch.Message) { assert.Equal(t, 1, m.Interface) })
			ms[0].Interface = 1 << 20
			n, err := out.WriteBatch(ms)
			require.Error(t, err)
			assert.Zero(t, n)
		}
	})
}

// After many datagrams in one call the next one waits in the kernel for a moment,
// which delays neither Close nor a deadline, and costs no object.
func TestWaitingUnderLoad(t *testing.T) {
	for name, end := range map[string]func(c *udpbatch.Conn) error{
		"close":    func(c *udpbatch.Conn) error { return c.Close() },
		"deadline": func(c *udpbatch.Conn) error { return c.SetReadDeadline(time.Now()) },
	} {
		t.Run(name, func(t *testing.T) {
			in := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
			out, err := udpbatch.Dial(t.Context(), in.LocalAddr().String(), nil)
			require.NoError(t, err)
			defer out.Close()
			ms := make([]udpbatch.Message, 64)
			for i := range ms {
				ms[i].Data = []byte("datagram")
			}
			for range 3 {
				_, err = out.WriteBatch(ms)
				require.NoError(t, err)
				for got := 0; got < len(ms); {
					n, err := in.ReadBatch(make([]udpbatch.Message, 128))
					require.NoError(t, err)
					got += n
				}
			}
			ended := make(chan error, 1)
			go func() {
				_, err := in.ReadBatch(make([]udpbatch.Message, 128))
				ended <- err
			}()
			require.NoError(t, end(in))
			assert.Error(t, <-ended)
		})
	}
}
