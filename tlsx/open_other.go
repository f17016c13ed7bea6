//go:build !unix && !windows

package tlsx

import "os"

// open opens a file to be read.
func open(path string) (*os.File, error) { return os.Open(path) }
