//go:build !unix && !windows

package listener

import "net"

// peerGone cannot be told here; nor are there options that could fail.
func peerGone(net.Conn, error) bool { return false }
