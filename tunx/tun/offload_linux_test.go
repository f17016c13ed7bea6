package tun_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/tun"
)

// TestSuperPackets: TCP crosses in packets above the MTU, whose headers are described, in
// both directions and both versions of IP.
func TestSuperPackets(t *testing.T) {
	lab.NoLeak(t)
	p := newPair(t, tun.Config{})
	assert.Contains(t, p.devices[0].Offloads(), "checksum tcp4 tcp6")
	assert.Equal(t, 65535, p.devices[0].MaxSegment())
	var large [2][2]atomic.Int64 // by side and version
	p.carry(func(from, n int, o tunx.Offload) {
		if n > 1500 && o.Segment > 0 {
			assert.LessOrEqual(t, int(o.HeaderLen)+int(o.Segment), 1500)
			assert.True(t, o.NeedsChecksum)
			large[from][(o.CsumStart-20)/20].Add(1)
		}
	})
	for side := range 2 {
		p.transfer(t, side, fmt.Sprintf("10.9.0.%d:0", 2-side), 10<<20)
		p.transfer(t, side, fmt.Sprintf("[fd09::%d]:0", 2-side), 10<<20)
		for version := range 2 {
			assert.NotZero(t, large[side][version].Load(), "from %d, version %d", side, version)
		}
	}
}

// TestPlainReads: with offloads Read and Write move packets of up to the MTU, complete.
func TestPlainReads(t *testing.T) {
	lab.NoLeak(t)
	for name, c := range map[string]tun.Config{"offload": {}, "none": {NoOffload: true}, "MTU": {MTU: 9000}} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, c)
			mtu := p.devices[0].MTU()
			assert.Equal(t, max(c.MTU, 1500), mtu)
			for i := range p.devices {
				from, to := p.devices[i], p.devices[1-i]
				p.group.Go(func() {
					b := make([]byte, 65535)
					for {
						n, err := from.Read(b)
						if err != nil {
							return
						}
						assert.LessOrEqual(t, n, mtu)
						_, err = to.Write(b[:n])
						assert.True(t, err == nil || errors.Is(err, tunx.ErrClosed), "%v", err)
					}
				})
			}
			p.transfer(t, 0, "10.9.0.2:0", 4<<20)
			p.transfer(t, 1, "[fd09::1]:0", 4<<20)
			p.datagrams(t, 0, "10.9.0.2:0", 10, 700)
		})
	}
}

// datagrams sends that many of a size in one call, and checks that each arrives.
func (p *pair) datagrams(t *testing.T, from int, address string, count, size int) {
	t.Helper()
	var server, client *net.UDPConn
	var err error
	p.spaces[1-from].Run(t, func() { server, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(address))) })
	require.NoError(t, err)
	defer server.Close()
	p.spaces[from].Run(t, func() { client, err = net.DialUDP("udp", nil, server.LocalAddr().(*net.UDPAddr)) })
	require.NoError(t, err)
	defer client.Close()
	control(t, client, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT, size) })
	want := make([]byte, count*size)
	(&pattern{}).Read(want)
	_, err = client.Write(want)
	require.NoError(t, err)
	var got []byte
	require.NoError(t, server.SetReadDeadline(time.Now().Add(30*time.Second)))
	for range count {
		b := make([]byte, 65535)
		n, err := server.Read(b)
		require.NoError(t, err)
		assert.Equal(t, size, n)
		got = append(got, b[:n]...)
	}
	assert.Equal(t, want, got)
}

func control(t *testing.T, c syscall.Conn, f func(fd int) error) {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	var failed error
	require.NoError(t, raw.Control(func(fd uintptr) { failed = f(int(fd)) }))
	require.NoError(t, failed)
}

// TestDatagramSegments: many datagrams of one call cross as one packet.
func TestDatagramSegments(t *testing.T) {
	lab.NoLeak(t)
	p := newPair(t, tun.Config{})
	if !strings.Contains(p.devices[0].Offloads(), "udp4 udp6") {
		needsOldKernel(t, 6, 2)
	}
	var large [2]atomic.Int64
	p.carry(func(from, n int, o tunx.Offload) {
		if n > 1500 && o.Segment == 1000 && int(o.HeaderLen) == int(o.CsumStart)+8 {
			large[from].Add(1)
		}
	})
	p.datagrams(t, 0, "10.9.0.2:0", 40, 1000)
	p.datagrams(t, 1, "[fd09::1]:0", 40, 1000)
	assert.NotZero(t, large[0].Load())
	assert.NotZero(t, large[1].Load())
}

// needsOldKernel skips the test if the kernel is older than that, else it fails.
func needsOldKernel(t *testing.T, major, minor int) {
	t.Helper()
	var u unix.Utsname
	require.NoError(t, unix.Uname(&u))
	var a, b int
	_, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &a, &b)
	require.NoError(t, err)
	if a > major || a == major && b >= minor {
		t.Fatalf("Linux %d.%d lacks what %d.%d has", a, b, major, minor)
	}
	t.Skipf("Linux %d.%d is older than %d.%d", a, b, major, minor)
}

// TestToPlain: a device without offloads does by itself what is left to do.
func TestToPlain(t *testing.T) {
	lab.NoLeak(t)
	p := &pair{}
	for i, c := range []tun.Config{{}, {NoOffload: true}} {
		p.spaces[i] = lab.NewSpace(t)
		c.Netns = p.spaces[i].Path()
		p.devices[i] = open(t, &c)
		up(t, p.devices[i], p.spaces[i], fmt.Sprintf("10.9.0.%d/24", i+1), fmt.Sprintf("fd09::%d/64", i+1))
	}
	t.Cleanup(func() { p.devices[0].Close(); p.devices[1].Close(); p.group.Wait() })
	assert.Equal(t, 1500, p.devices[1].MaxSegment())
	assert.Empty(t, p.devices[1].Offloads())
	p.carry(nil)
	for _, address := range []string{"10.9.0.2:0", "[fd09::2]:0"} {
		p.datagrams(t, 0, address, 2, 500) // a segmented packet that is shorter than the MTU
		p.datagrams(t, 0, address, 1, 1400)
	}
	_, err := p.devices[1].WriteOffload([][]byte{{0x45}, make([]byte, 1500)}, tunx.Offload{})
	require.ErrorIs(t, err, tunx.ErrMsgSize)
}

// TestParts: the parts of a packet, many or few, are written as one.
func TestParts(t *testing.T) {
	lab.NoLeak(t)
	p := newPair(t, tun.Config{})
	var split atomic.Int64
	for i := range p.devices {
		from, to := p.devices[i], p.devices[1-i]
		p.group.Go(func() {
			b := make([]byte, 65535)
			for {
				n, o, err := from.ReadOffload(b)
				if err != nil {
					return
				}
				size := []int{1, 7, 39, 64, 65535}[split.Add(1)%5]
				var parts [][]byte
				for rest := b[:n]; len(rest) > 0; {
					k := min(size, len(rest))
					parts = append(parts, rest[:k])
					rest = rest[k:]
				}
				got, err := to.WriteOffload(parts, o)
				if !errors.Is(err, tunx.ErrClosed) {
					assert.NoError(t, err)
					assert.Equal(t, n, got)
				}
			}
		})
	}
	p.transfer(t, 0, "10.9.0.2:0", 4<<20)
	p.transfer(t, 1, "[fd09::1]:0", 4<<20)
}
