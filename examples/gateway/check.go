package main

import (
	"fmt"
	"io"
)

// checkFile prints every error of a document, or OK. It returns the exit status.
func checkFile(name string, env environment, out io.Writer) int {
	if _, err := LoadFile(name, env); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	fmt.Fprintln(out, "OK")
	return 0
}
