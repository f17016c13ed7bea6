//go:build !windows

package netstack

// systemErrors returns errno, and on Windows the other one that means the same.
func systemErrors(errno error) []error { return []error{errno} }
