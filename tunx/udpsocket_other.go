//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd && !solaris && !windows

package tunx

import "net"

// newUDPSocket has no way to wait without a buffer here.
func newUDPSocket(c *net.UDPConn, to *receiver) (socket, error) {
	if remote, ok := c.RemoteAddr().(*net.UDPAddr); ok {
		return &connSocket{conn: c, to: to, remote: unmap(remote.AddrPort())}, nil
	}
	return &packetSocket{conn: c, to: to}, nil
}
