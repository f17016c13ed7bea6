//go:build race

package virtnet_test

// manyConns is fewer with the race detector, under which a dial takes ten times as long.
const manyConns = 10_000
