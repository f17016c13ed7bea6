// Package sub_test reaches a line of the parent that its own test does not.
package sub_test

import (
	"testing"

	"example.test/sample"
)

func TestSmall(t *testing.T) {
	if got := sample.Size(1); got != "small" {
		t.Fatal(got)
	}
}
