//go:build !linux

// Memory measures what an idle conn costs a server. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "memory: it needs Linux")
	os.Exit(1)
}
