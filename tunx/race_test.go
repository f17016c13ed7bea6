//go:build race

package tunx_test

const raceEnabled = true
