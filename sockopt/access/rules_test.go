package access_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt/access"
)

// prefixes reads prefixes and addresses that have to be right.
func prefixes(t testing.TB, texts ...string) []netip.Prefix {
	t.Helper()
	var list []netip.Prefix
	for _, s := range texts {
		if !strings.Contains(s, "/") {
			s += fmt.Sprintf("/%d", netip.MustParseAddr(s).BitLen())
		}
		p, err := access.Plain(netip.MustParsePrefix(s))
		require.NoError(t, err)
		list = append(list, p)
	}
	return list
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"10.1.2.3/8":          "10.0.0.0/8",
		"2001:db8::1/32":      "2001:db8::/32",
		"::ffff:10.0.0.0/104": "10.0.0.0/8",
		"::ffff:0:0/96":       "0.0.0.0/0",
	} {
		p, err := access.Plain(netip.MustParsePrefix(in))
		require.NoError(t, err)
		assert.Equal(t, want, p.String())
	}
	_, err := access.Plain(netip.Prefix{})
	require.EqualError(t, err, "is not a valid prefix")
	_, err = access.Plain(netip.MustParsePrefix("::ffff:0:0/95"))
	assert.ErrorContains(t, err, "holds more than IPv4-mapped addresses")
}

func TestRules(t *testing.T) {
	for _, test := range []struct {
		name        string
		allow, deny []string
		admitted    []string
		refused     []string
	}{
		{"nothing", nil, nil, []string{"10.0.0.1", "::1"}, nil},
		{"deny only", nil, []string{"10.0.0.0/8"}, []string{"9.255.255.255", "11.0.0.0", "::1"}, []string{"10.0.0.0", "10.255.255.255"}},
		{"allow only", []string{"10.0.0.0/8"}, nil, []string{"10.0.0.0", "10.255.255.255"}, []string{"9.255.255.255", "11.0.0.0", "::1"}},
		{"deny all of IPv4", nil, []string{"0.0.0.0/0"}, []string{"::1"}, []string{"0.0.0.0", "127.0.0.1", "255.255.255.255"}},
		{"deny all of IPv6", nil, []string{"::/0"}, []string{"127.0.0.1"}, []string{"::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}},
		{"allow all", []string{"0.0.0.0/0", "::/0"}, nil, []string{"0.0.0.0", "255.255.255.255", "::", "ffff::"}, nil},
		{
			"longest match", []string{"10.0.0.0/8", "10.1.2.0/24"}, []string{"10.1.0.0/16", "10.1.2.3"},
			[]string{"10.0.0.1", "10.1.2.2", "10.1.2.4", "10.2.0.0"},
			[]string{"10.1.0.0", "10.1.1.255", "10.1.3.0", "10.1.2.3", "11.0.0.0"},
		},
		{"deny wins a tie", []string{"10.0.0.0/8"}, []string{"10.0.0.0/8"}, nil, []string{"10.0.0.1", "1.1.1.1"}},
		{"mapped peers", nil, []string{"10.0.0.1"}, []string{"::ffff:10.0.0.2"}, []string{"::ffff:10.0.0.1"}},
		{"mapped prefixes", nil, []string{"::ffff:10.0.0.0/104"}, []string{"11.0.0.1"}, []string{"10.0.0.1"}},
		{"ends of the space", []string{"255.255.255.255", "ffff:ffff:ffff:ffff::/64"}, nil,
			[]string{"255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, []string{"255.255.255.254", "0.0.0.0", "::"}},
		{"neighbours", nil, []string{"10.0.0.0/9", "10.128.0.0/9"}, []string{"11.0.0.0"}, []string{"10.127.255.255", "10.128.0.0"}},
		{"same start", []string{"10.0.0.0/24", "0.0.0.0/0"}, []string{"10.0.0.0/8", "10.0.0.0/32"}, []string{"10.0.0.1", "11.0.0.0"}, []string{"10.0.0.0", "10.0.1.0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			admits := access.New(prefixes(t, test.allow...), prefixes(t, test.deny...)).Admits
			for _, a := range test.admitted {
				assert.True(t, admits(netip.MustParseAddr(a).Unmap()), a)
			}
			for _, a := range test.refused {
				assert.False(t, admits(netip.MustParseAddr(a).Unmap()), a)
			}
			assert.True(t, admits(netip.Addr{}), "unix peers")
		})
	}
}

// slowRules does by looking at every prefix what rules do.
func slowRules(allow, deny []netip.Prefix, a netip.Addr) bool {
	best, verdict := -1, len(allow) == 0
	for _, p := range allow {
		if p.Contains(a) && p.Bits() > best {
			best, verdict = p.Bits(), true
		}
	}
	for _, p := range deny {
		if p.Contains(a) && p.Bits() >= best {
			best, verdict = p.Bits(), false
		}
	}
	return verdict
}

func FuzzRules(f *testing.F) {
	f.Add(uint64(1), 3)
	f.Add(uint64(2), 50)
	f.Fuzz(func(t *testing.T, seed uint64, n int) {
		r := rand.New(rand.NewPCG(seed, 1))
		var lists [2][]netip.Prefix
		var probes []netip.Addr
		for range n & 63 {
			// Few bits differ, so that prefixes nest and meet.
			a := netip.AddrFrom4([4]byte{10, byte(r.UintN(4) * 85), 0, byte(r.UintN(4) * 85)})
			if r.IntN(2) == 0 {
				b := a.As16()
				b[0], b[10], b[11] = byte(r.UintN(2)*255), 0, 0
				a = netip.AddrFrom16(b)
			}
			p, err := a.Prefix(r.IntN(a.BitLen() + 1))
			require.NoError(t, err)
			i := r.IntN(2)
			lists[i] = append(lists[i], p)
			probes = append(probes, a, p.Addr(), p.Addr().Prev())
		}
		admits := access.New(lists[0], lists[1]).Admits
		for _, a := range probes {
			if a.IsValid() {
				assert.Equal(t, slowRules(lists[0], lists[1], a), admits(a), "%v: %v", a, lists)
			}
		}
	})
}

// manyPrefixes returns n prefixes, three in four of them IPv4.
func manyPrefixes(n int) []netip.Prefix {
	r := rand.New(rand.NewPCG(1, 2))
	var list []netip.Prefix
	for len(list) < n {
		var b [16]byte
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		a, bits := netip.AddrFrom4([4]byte(b[:4])), 16+r.IntN(17)
		if r.IntN(4) == 0 {
			b[0], b[1] = 0x20, 0x01
			a, bits = netip.AddrFrom16(b), 32+r.IntN(97)
		}
		p, _ := a.Prefix(bits)
		list = append(list, p)
	}
	return list
}

func TestRulesCostNoAllocationAndLittleMemory(t *testing.T) {
	list := manyPrefixes(100_000)
	before := heapInUse()
	admits := access.New(list[:50_000], list[50_000:]).Admits
	used := heapInUse() - before
	t.Logf("100,000 prefixes: %d KiB", used/1024)
	assert.Less(t, used, int64(8<<20))
	i := 0
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		admits(list[i].Addr())
		i++
	}))
	runtime.KeepAlive(list)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkRules looks up peers that are spread over all the prefixes.
func BenchmarkRules(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("prefixes=%d", n), func(b *testing.B) {
			list := manyPrefixes(n)
			admits := access.New(list[:n/2], list[n/2:]).Admits
			r := rand.New(rand.NewPCG(3, 4))
			peers := make([]netip.Addr, 1<<16)
			for i := range peers {
				peers[i] = list[r.IntN(n)].Addr()
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				admits(peers[i&(len(peers)-1)])
				i++
			}
		})
	}
}
