//go:build !linux

// Http measures requests a second beside plain net/http. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "http: it needs Linux")
	os.Exit(1)
}
