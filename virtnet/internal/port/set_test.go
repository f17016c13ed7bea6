package port_test

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/internal/port"
)

// Whatever was taken and given back, First is what a walk from 1 finds.
func TestFirst(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 1))
		var s port.Set
		taken := make(map[int]bool)
		for range 1000 {
			n := 1 + r.IntN(1<<r.IntN(11))
			switch {
			case taken[n]:
				s.Remove(n)
				delete(taken, n)
			case r.IntN(3) == 0:
				s.Add(n)
				taken[n] = true
			default:
				n = s.First()
				require.Equal(t, first(taken), n)
				s.Add(n)
				taken[n] = true
			}
		}
		require.Equal(t, first(taken), s.First())
	}
}

func first(taken map[int]bool) int {
	for n := 1; ; n++ {
		if !taken[n] {
			return n
		}
	}
}

// Ports in a row, taken before anybody has asked for the first, at every level.
func TestFirstAfterFar(t *testing.T) {
	var s port.Set
	const last = 64*64*64 + 7
	for n := 1; n <= last; n++ {
		s.Add(n)
	}
	assert.Equal(t, last+1, s.First())
	s.Remove(5000)
	assert.Equal(t, 5000, s.First())
	s.Add(5000)
	assert.Equal(t, last+1, s.First())
}

// A million ports are four words away, and 128 KiB; one far away is a map's entry.
func TestCost(t *testing.T) {
	var s port.Set
	const million = 1 << 20
	before := allocated()
	for range million {
		s.Add(s.First())
	}
	assert.Less(t, allocated()-before, uint64(million), "bytes for slices that grow to 128 KiB")
	assert.Equal(t, 4, s.Levels())
	for _, n := range []int{1, 64, 4096, 777_777, million} {
		s.Remove(n)
		assert.Equal(t, n, s.First())
		s.Add(n)
	}
	assert.Equal(t, million+1, s.First())
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s.Remove(500_000)
		s.Add(s.First())
	}))

	before = allocated()
	var far port.Set
	far.Add(50_000_000)
	far.Add(far.First())
	assert.Less(t, allocated()-before, uint64(64<<10))
	assert.Equal(t, 2, far.First())
	far.Remove(50_000_000)
	assert.Equal(t, 2, far.First())
}

// allocated is what this process has ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
