package sample_test

import (
	"testing"

	"example.test/sample"
)

func TestLarge(t *testing.T) {
	if got := sample.Size(20); got != "large" {
		t.Fatal(got)
	}
}
