// Package sample has five statements: its own test runs two of them, the test
// of package sub two more, and nobody the fifth.
package sample

// Size names the size of n.
func Size(n int) string {
	if n > 10 {
		return "large"
	}
	if n < 0 {
		return "negative"
	}
	return "small"
}
