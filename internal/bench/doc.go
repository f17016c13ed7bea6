// Package bench measures what the SDK costs beside the same work written by hand on package net and x/sys/unix.
//
// A [Case] is one piece of work and the ways to do it. The package's benchmarks run each way by itself; command ratios
// runs them in turns, so that a busy machine slows down all of them, and prints how they compare.
// The cases need Linux.
package bench
