package simnet_test

import (
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/virtnet/simnet"
)

const draws = 100_000

// near is five standard deviations of how often something of the given probability
// happens in draws tries. The numbers are the same in each run.
func near(share float64) float64 { return 5 * math.Sqrt(draws*share*(1-share)) }

// What a seed gives must not change: seeds of failed runs are kept.
func TestChanceStays(t *testing.T) {
	c := simnet.Chance(1)
	assert.Equal(t, simnet.Chance(0xf2826f98653e9e57), c.Of(2))
	assert.Equal(t, simnet.Chance(0xac279348f8f8ad88), c.Named("a").Of(3))
}

func TestChanceIsEven(t *testing.T) {
	var buckets [16]float64
	for i := range uint64(draws) {
		buckets[simnet.Chance(7).Of(i).Of(1).Below(16)]++
	}
	chi := 0.0
	for _, n := range buckets {
		chi += (n - draws/16) * (n - draws/16) / (draws / 16)
	}
	assert.Less(t, chi, 45.0, "chi square of 15 degrees: above 44 once in 10,000")
}

func TestChanceHits(t *testing.T) {
	for _, share := range []float64{0, 0.001, 0.01, 0.5, 0.999, 1} {
		hits := 0
		for i := range uint64(draws) {
			if simnet.Chance(3).Of(i).Hit(share) {
				hits++
			}
		}
		assert.InDelta(t, share*draws, hits, near(share), "%v", share)
	}
}

// Each bit of what is asked for changes half of the bits.
func TestChanceAvalanche(t *testing.T) {
	for bit := range 64 {
		sum := 0
		for i := range uint64(1000) {
			a, b := simnet.Chance(5).Of(i), simnet.Chance(5).Of(i^1<<bit)
			sum += bits.OnesCount64(uint64(a ^ b))
		}
		// A mean of 1000 times 64 coins: 32, deviation 0.13.
		assert.InDelta(t, 32, float64(sum)/1000, 0.7, "bit %d", bit)
	}
}

// Two questions of one packet, and one question of two seeds, have nothing to do
// with each other.
func TestChanceIsIndependent(t *testing.T) {
	var both, seeds, neighbours int
	for i := range uint64(draws) {
		c := simnet.Chance(9).Of(i)
		a := c.Of(1).Hit(0.5)
		if a && c.Of(2).Hit(0.5) {
			both++
		}
		if a && simnet.Chance(10).Of(i).Of(1).Hit(0.5) {
			seeds++
		}
		if a && simnet.Chance(9).Of(i+1).Of(1).Hit(0.5) {
			neighbours++
		}
	}
	for _, n := range []int{both, seeds, neighbours} {
		assert.InDelta(t, draws/4, n, near(0.25))
	}
}

func TestChanceNames(t *testing.T) {
	seen := map[simnet.Chance]bool{}
	for _, name := range []string{"", "a", "b", "ab", "ba", "a\x00"} {
		seen[simnet.Chance(1).Named(name)] = true
	}
	assert.Len(t, seen, 6)
	assert.NotEqual(t, simnet.Chance(1).Named("a").Named("b"), simnet.Chance(1).Named("b").Named("a"))
}
