//go:build race

package tunxtest_test

const raceEnabled = true
