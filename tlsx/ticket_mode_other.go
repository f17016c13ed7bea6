//go:build !unix

package tlsx

// private takes any file: its mode says nothing about who can read it here.
func private(string) error { return nil }
