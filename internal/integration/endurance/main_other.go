//go:build !linux

// Endurance needs Linux: see docs/endurance.md.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "endurance: it needs namespaces and signals of Linux, and this is %s\n", runtime.GOOS)
	os.Exit(1)
}
