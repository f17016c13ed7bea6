//go:build !linux

// Httpbulk prints how fast large bodies go over HTTP. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "httpbulk: the measurement of CPU time needs Linux")
	os.Exit(1)
}
