package simnet

import "math/bits"

// chance is a place in a tree of random numbers. Nothing is drawn from a stream
// that others draw from too: a number is a hash of the network's seed and of what
// it is for (link, flow, packet, purpose), so that it does not depend on what
// happens elsewhere, or on when.
type chance uint64

// What a number is for.
const (
	forLoss uint64 = iota + 1
	forJitter
	forReorder
	forDuplicate
	forCorrupt
	forPlace
	forPort
	forPool
)

// of returns the place below c that v names.
func (c chance) of(v uint64) chance {
	return chance(mix(uint64(c) ^ mix(v+0x9e3779b97f4a7c15)))
}

// named is of for a text (FNV-1a).
func (c chance) named(s string) chance {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return c.of(h)
}

// hit is true with the given probability.
func (c chance) hit(share float64) bool {
	return float64(c>>11)*(1.0/(1<<53)) < share
}

// below returns a number from 0 to n-1. n is so much below 2^64 that no number is
// noticeably more likely than another.
func (c chance) below(n int64) int64 {
	hi, _ := bits.Mul64(uint64(c), uint64(n)) //nolint:gosec // positive
	return int64(hi)                          //nolint:gosec // below n
}

// mix is the finalizer of SplitMix64: each bit of z changes each bit of the result
// with a probability of a half (Steele, Lea, Flood: Fast Splittable Pseudorandom
// Number Generators, 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
