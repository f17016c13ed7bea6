//go:build !race

package dtlsx_test

const raceEnabled = false
