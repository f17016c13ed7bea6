package listener_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// packets opens a packet conn that has to be possible.
func packets(t *testing.T, c listener.PacketConfig) net.PacketConn {
	t.Helper()
	pc, err := listener.NewPacketConn(t.Context(), &c)
	require.NoError(t, err)
	t.Cleanup(func() { pc.Close() })
	require.NoError(t, pc.SetDeadline(time.Now().Add(patience)))
	return pc
}

func portOf(c net.PacketConn) uint16 { return uint16(c.LocalAddr().(*net.UDPAddr).Port) }

func hasMetadata() bool {
	return runtime.GOOS == "linux" || runtime.GOOS == "darwin" || runtime.GOOS == "freebsd"
}

func TestPacketInfo(t *testing.T) {
	if !hasMetadata() {
		_, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: "127.0.0.1:0", Destination: true, ECN: true, HopLimit: true})
		require.ErrorIs(t, err, errors.ErrUnsupported)
		for _, field := range []string{"Destination", "ECN", "HopLimit"} {
			assert.ErrorContains(t, err, "config: "+field+"=true: ")
		}
		return
	}
	for _, test := range []struct{ name, address, to, from string }{
		{"IPv4", "udp4://:0", "127.0.0.2", "127.0.0.3"},
		{"IPv6", "udp6://:0", "::1", "::1"},
		{"IPv4 on a dual-stack socket", "udp://:0", "127.0.0.2", "127.0.0.3"},
		{"IPv6 on a dual-stack socket", "udp://:0", "::1", "::1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := listener.PacketConfig{Address: test.address, Destination: true, ECN: true, HopLimit: true}
			in, out := packets(t, config), packets(t, config)
			assert.IsType(t, &net.UDPConn{}, in)
			to, from := netip.MustParseAddr(test.to), netip.MustParseAddr(test.from)
			b := make([]byte, 10)
			for ecn := range byte(4) {
				n, err := listener.WritePacket(out, []byte("hello"), listener.PacketInfo{Addr: netip.AddrPortFrom(to, portOf(in)), Local: from, ECN: ecn})
				require.NoError(t, err)
				assert.Equal(t, 5, n)
				n, m, err := listener.ReadPacket(in, b)
				require.NoError(t, err)
				assert.Equal(t, "hello", string(b[:n]))
				assert.Equal(t, listener.PacketInfo{
					Addr: netip.AddrPortFrom(from, portOf(out)), Local: to, Interface: 1, ECN: ecn, HopLimit: 64,
				}, m)
				// The answer comes from where the question went.
				m.ECN = 0
				_, err = listener.WritePacket(in, []byte("answer"), m)
				require.NoError(t, err)
				_, m, err = listener.ReadPacket(out, b)
				require.NoError(t, err)
				assert.Equal(t, netip.AddrPortFrom(to, portOf(in)), m.Addr)
				assert.Equal(t, from, m.Local)
				assert.Zero(t, m.ECN)
			}
		})
	}
}

func TestPacketInfoNotAskedFor(t *testing.T) {
	in, out := packets(t, listener.PacketConfig{Address: "127.0.0.1:0"}), packets(t, listener.PacketConfig{Address: "127.0.0.1:0"})
	to := netip.MustParseAddrPort(in.LocalAddr().String())
	_, err := listener.WritePacket(out, []byte("hello"), listener.PacketInfo{Addr: to})
	require.NoError(t, err)
	b := make([]byte, 10)
	n, m, err := listener.ReadPacket(in, b)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(b[:n]))
	assert.Equal(t, listener.PacketInfo{Addr: netip.MustParseAddrPort(out.LocalAddr().String())}, m)
}

func TestPacketTruncated(t *testing.T) {
	in, out := packets(t, listener.PacketConfig{Address: "127.0.0.1:0"}), packets(t, listener.PacketConfig{Address: "127.0.0.1:0"})
	to := netip.MustParseAddrPort(in.LocalAddr().String())
	_, err := listener.WritePacket(out, []byte("hello"), listener.PacketInfo{Addr: to})
	require.NoError(t, err)
	b := make([]byte, 3)
	n, m, err := listener.ReadPacket(in, b)
	if !hasMetadata() {
		assert.Error(t, err)
		return
	}
	require.NoError(t, err)
	assert.Equal(t, "hel", string(b[:n]))
	assert.True(t, m.Truncated)
}

func TestPacketsDoNotAllocate(t *testing.T) {
	config := listener.PacketConfig{Address: "127.0.0.1:0"}
	if hasMetadata() {
		config.Destination, config.ECN, config.HopLimit = true, true, true
	}
	in, out := packets(t, config), packets(t, config)
	m := listener.PacketInfo{Addr: netip.MustParseAddrPort(in.LocalAddr().String())}
	if hasMetadata() {
		m.Local, m.ECN = netip.MustParseAddr("127.0.0.1"), 1
	}
	b := make([]byte, 100)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := listener.WritePacket(out, b, m); err != nil {
			t.Error(err)
		}
		if _, _, err := listener.ReadPacket(in, b); err != nil {
			t.Error(err)
		}
	}))
}

func TestPacketErrors(t *testing.T) {
	c := packets(t, listener.PacketConfig{Address: "127.0.0.1:0"})
	to := netip.MustParseAddrPort("127.0.0.1:9")
	for name, m := range map[string]listener.PacketInfo{
		"no destination":            {},
		"no destination, a source":  {Local: to.Addr()},
		"source of another version": {Addr: to, Local: netip.IPv6Loopback()},
		"source not here":           {Addr: to, Local: netip.MustParseAddr("192.0.2.1")},
		"ECN":                       {Addr: to, ECN: 4},
		"other version":             {Addr: netip.MustParseAddrPort("[::1]:9")},
	} {
		n, err := listener.WritePacket(c, []byte("x"), m)
		assert.Zero(t, n, name)
		e := failure(t, err)
		assert.Equal(t, "write", e.Op, name)
		assert.Equal(t, m.Addr.String(), e.Address, name)
	}
	require.NoError(t, c.SetReadDeadline(time.Now()))
	_, _, err := listener.ReadPacket(c, make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	assert.True(t, failure(t, err).Timeout())
	require.NoError(t, c.Close())
	_, _, err = listener.ReadPacket(c, make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed)

	for _, other := range []net.PacketConn{nil, (*net.UDPConn)(nil), &net.UnixConn{}} {
		_, _, err := listener.ReadPacket(other, nil)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		_, err = listener.WritePacket(other, nil, listener.PacketInfo{Addr: to})
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	_, err = listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: "ip4:icmp://127.0.0.1", Destination: true, HopLimit: true})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "config: Destination=true: ")
	assert.ErrorContains(t, err, "config: HopLimit=true: ")
	assert.NotContains(t, err.Error(), "ECN")
}
