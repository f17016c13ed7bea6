//go:build !linux

// Udp compares ways to send and receive datagrams. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "udp: the cases need Linux")
	os.Exit(1)
}
