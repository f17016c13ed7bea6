//go:build !unix && !windows

package listener

import "syscall"

// peerGone cannot be told here; nor are there options that could fail.
func peerGone(syscall.RawConn, error) bool { return false }
