//go:build !windows

package pki

import "os"

// rename replaces the file to.
func rename(from, to string) error { return os.Rename(from, to) }
