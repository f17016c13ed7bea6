//go:build !race

package sockopt

const raceEnabled = false
