//go:build !linux

// Dtls measures DTLS. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "dtls: it needs Linux")
	os.Exit(1)
}
