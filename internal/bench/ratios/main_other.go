//go:build !linux

// Ratios prints what the SDK costs beside the same work written by hand. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "ratios: the cases need Linux")
	os.Exit(1)
}
