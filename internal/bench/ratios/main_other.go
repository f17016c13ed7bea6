//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "ratios: the cases need Linux")
	os.Exit(1)
}
