package udpbatch_test

import (
	"net/netip"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpbatch"
)

// hasMetadata is where the package can read control messages.
func hasMetadata() bool {
	return runtime.GOOS == "linux" || runtime.GOOS == "darwin" || runtime.GOOS == "freebsd"
}

func TestMetadata(t *testing.T) {
	if !hasMetadata() {
		for _, c := range []udpbatch.Config{{PacketInfo: true}, {ECN: true}, {HopLimit: true}} {
			c.Address = "127.0.0.1:0"
			_, err := udpbatch.Listen(t.Context(), &c)
			assert.ErrorContains(t, err, "control messages")
		}
		c := listen(t, &udpbatch.Config{Address: "127.0.0.1:0"})
		_, err := c.WriteBatch([]udpbatch.Message{{Data: []byte("x"), Addr: addrOf(c), ECN: 1}})
		assert.ErrorContains(t, err, "message 0 of 1 bytes")
		return
	}
	for _, test := range []struct {
		name, address, to, from string
		dual                    bool
	}{
		{name: "IPv4", address: "udp4://:0", to: "127.0.0.2", from: "127.0.0.3"},
		{name: "IPv6", address: "udp6://:0", to: "::1", from: "::1"},
		{name: "IPv4 on a dual-stack socket", address: "udp://:0", to: "127.0.0.2", from: "127.0.0.3"},
		{name: "IPv6 on a dual-stack socket", address: "udp://:0", to: "::1", from: "::1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
				all := udpbatch.Config{Address: test.address, PacketInfo: true, ECN: true, HopLimit: true}
				in, out := listen(t, configure(all)), listen(t, configure(all))
				to, from := netip.MustParseAddr(test.to), netip.MustParseAddr(test.from)
				for ecn := range byte(4) {
					ms := patterns(netip.AddrPortFrom(to, addrOf(in).Port()), repeat(10, 100))
					for i := range ms {
						ms[i].Local, ms[i].ECN = from, ecn
					}
					_, err := out.WriteBatch(ms)
					require.NoError(t, err)
					expect(t, in, repeat(10, 100), func(m *udpbatch.Message) {
						assert.Equal(t, netip.AddrPortFrom(from, addrOf(out).Port()), m.Addr)
						assert.Equal(t, to, m.Local)
						assert.Equal(t, 1, m.Interface, "lo")
						assert.Equal(t, ecn, m.ECN)
						assert.Equal(t, 64, m.HopLimit)
					})
				}
				// An answer goes back the way it came.
				_, err := out.WriteBatch([]udpbatch.Message{{Data: []byte("ask"), Addr: netip.AddrPortFrom(to, addrOf(in).Port())}})
				require.NoError(t, err)
				ms := make([]udpbatch.Message, 1)
				_, err = in.ReadBatch(ms)
				require.NoError(t, err)
				asker := ms[0].Addr
				ms[0].Data = []byte("answer")
				_, err = in.WriteBatch(ms)
				require.NoError(t, err)
				_, err = out.ReadBatch(ms)
				require.NoError(t, err)
				assert.Equal(t, netip.AddrPortFrom(to, addrOf(in).Port()), ms[0].Addr)
				assert.Equal(t, asker.Addr(), ms[0].Local)
			})
		})
	}
}

func TestMetadataNotAskedForIsZero(t *testing.T) {
	engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
		in := listen(t, configure(udpbatch.Config{Address: "127.0.0.1:0"}))
		out := dial(t, in.LocalAddr().String(), nil)
		_, err := out.WriteBatch(patterns(netip.AddrPort{}, repeat(10, 100)))
		require.NoError(t, err)
		expect(t, in, repeat(10, 100), func(m *udpbatch.Message) {
			assert.Equal(t, udpbatch.Message{Data: m.Data, Addr: m.Addr}, *m)
		})
	})
}
