//go:build !linux

// Fastopen measures what TCP Fast Open saves. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "fastopen: the link needs Linux")
	os.Exit(1)
}
