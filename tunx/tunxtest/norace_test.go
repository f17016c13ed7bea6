//go:build !race

package tunxtest_test

const raceEnabled = false
