//go:build !linux

// Quic measures QUIC. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "quic: it needs Linux")
	os.Exit(1)
}
