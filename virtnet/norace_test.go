//go:build !race

package virtnet_test

// manyConns is what a host has to bear.
const manyConns = 100_000
