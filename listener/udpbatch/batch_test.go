package udpbatch_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpbatch"
)

func repeat(n int, sizes ...int) []int {
	var all []int
	for range n {
		all = append(all, sizes...)
	}
	return all
}

// Sizes that GSO joins and that it must not, none of which the default receive
// buffer is too small for.
var sizesTable = map[string][]int{
	"one":               {1},
	"one empty":         {0},
	"empties":           repeat(5, 0),
	"equal":             repeat(100, 200),
	"large":             repeat(3, 20000),
	"largest":           {65507},
	"two largest":       {65507, 65507},
	"last shorter":      {500, 500, 500, 1},
	"shorter, more":     {500, 500, 100, 500, 500, 100, 100},
	"growing":           {1, 2, 3, 4, 5, 6, 7},
	"falling":           {7, 6, 5, 4, 3, 2, 1},
	"empty in a run":    {300, 300, 0, 300, 300, 0},
	"empty at the ends": {0, 300, 300, 300, 0},
	"more than a run":   repeat(200, 10),
	"fills 64 KiB":      repeat(47, 1400),
	"small and large":   repeat(2, 30, 1400, 30, 30, 8000, 1, 1, 2),
	"ones":              repeat(200, 1),
}

func TestSizesAndOrder(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "udp4://127.0.0.1:0", "udp6://[::1]:0"} {
		engines(t, func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config) {
			for name, sizes := range sizesTable {
				t.Run(name, func(t *testing.T) {
					in := listen(t, configure(udpbatch.Config{Address: address}))
					to := addrOf(in)
					out := listen(t, configure(udpbatch.Config{Address: address}))
					n, err := out.WriteBatch(patterns(to, sizes))
					require.NoError(t, err)
					assert.Equal(t, len(sizes), n)
					expect(t, in, sizes, func(m *udpbatch.Message) { assert.Equal(t, addrOf(out), m.Addr) })

					connected := dial(t, to.String(), configure(udpbatch.Config{}))
					n, err = connected.WriteBatch(patterns(netip.AddrPort{}, sizes))
					require.NoError(t, err)
					assert.Equal(t, len(sizes), n)
					expect(t, in, sizes, func(m *udpbatch.Message) { assert.Equal(t, addrOf(connected), m.Addr) })

					n, err = in.WriteBatch(patterns(addrOf(connected), sizes))
					require.NoError(t, err)
					assert.Equal(t, len(sizes), n)
					expect(t, connected, sizes, func(m *udpbatch.Message) { assert.Equal(t, to, m.Addr) })
				})
			}
		})
	}
}
