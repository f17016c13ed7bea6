//go:build !unix

package quicbuild

import (
	"io/fs"
	"os"
)

func open(path string) (*os.File, error) { return os.Open(path) }

// private is for systems whose permissions are not in the mode.
func private(fs.FileInfo) error { return nil }
