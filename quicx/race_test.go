//go:build race

package quicx_test

// raceFactor is how much more memory is taken with the race detector.
const raceFactor = 2
