package listener_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

func TestWheel(t *testing.T) {
	h := listener.NewWheel(4)
	_, some := h.Next()
	assert.False(t, some)
	assert.Equal(t, -1, h.Take(1<<40))
	const now = 1 << 40 // it has stood still for long
	h.Put(0, now, now+33)
	h.Put(1, now, now+1)
	h.Put(2, now, now+33)
	h.Put(3, now, now+64)
	next, some := h.Next()
	assert.True(t, some)
	assert.Equal(t, int64(now+1), next)
	h.Remove(1)
	h.Remove(1)
	next, _ = h.Next()
	assert.Equal(t, int64(now+33), next)
	assert.Equal(t, -1, h.Take(now+32))
	assert.Equal(t, 2, h.Take(now+33))
	assert.Equal(t, 0, h.Take(now+33))
	assert.Equal(t, -1, h.Take(now+63))
	assert.Equal(t, 3, h.Take(now+1000))
	_, some = h.Next()
	assert.False(t, some)
	h.Put(0, now, now+1000) // farther than it reaches: looked at too early
	next, _ = h.Next()
	assert.Equal(t, int64(now+64), next)
}

// FuzzWheel compares a wheel with a list. With a sweeper that is on time, each
// guard is taken at its tick; with one that is late, not later than that.
func FuzzWheel(f *testing.F) {
	f.Add(uint64(1), 500, 1)
	f.Add(uint64(2), 500, 20)
	f.Add(uint64(3), 500, 200)
	f.Fuzz(func(t *testing.T, seed uint64, steps, late int) {
		const n, reach = 20, 33
		late = max(1, late&255)
		r := rand.New(rand.NewPCG(seed, 1))
		h := listener.NewWheel(n)
		due := map[int]int64{}
		now := int64(1)
		for range steps & 1023 {
			switch i := r.IntN(n); r.IntN(3) {
			case 0:
				h.Remove(i)
				delete(due, i)
			case 1:
				h.Remove(i)
				due[i] = now + 1 + r.Int64N(reach)
				h.Put(i, now, due[i])
			default:
				now += r.Int64N(int64(late))
				for i := h.Take(now); i >= 0; i = h.Take(now) {
					require.Contains(t, due, i)
					if late <= reach-2 {
						require.LessOrEqual(t, due[i], now, "too early")
					}
					delete(due, i)
				}
				for i, at := range due {
					require.Greater(t, at, now, "%d was forgotten", i)
				}
			}
			next, some := h.Next()
			require.Equal(t, len(due) > 0, some)
			for _, at := range due {
				require.LessOrEqual(t, next, at)
			}
		}
	})
}
