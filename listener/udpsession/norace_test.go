//go:build !race

package udpsession_test

const raceEnabled = false
