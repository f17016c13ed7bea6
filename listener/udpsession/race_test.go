//go:build race

package udpsession_test

const raceEnabled = true
