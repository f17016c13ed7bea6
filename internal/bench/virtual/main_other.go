//go:build !linux

// Virtual measures virtual networks. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "virtual: it needs Linux")
	os.Exit(1)
}
