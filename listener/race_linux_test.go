//go:build race

package listener_test

// raceEnabled is true under the race detector.
const raceEnabled = true
