//go:build !linux

package main

import "testing"

// openFDs cannot count them here.
func openFDs(*testing.T) int { return 0 }
