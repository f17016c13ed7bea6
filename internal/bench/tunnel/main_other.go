//go:build !linux

// Tunnel measures what carries IP packets. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "tunnel: the devices need Linux")
	os.Exit(1)
}
