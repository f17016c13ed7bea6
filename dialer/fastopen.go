package dialer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// FastOpened reports whether data went with the SYN of the conn, and the server took it there: a round trip was saved
// (TCP Fast Open, RFC 7413). A *tls.Conn answers for the conn below it. Elsewhere than on Linux, and for a conn without
// a socket, the error is errors.ErrUnsupported.
func FastOpened(c net.Conn) (bool, error) {
	for t, ok := c.(*tls.Conn); ok; t, ok = c.(*tls.Conn) { // TLS to the target in TLS to a proxy
		c = t.NetConn()
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return false, fmt.Errorf("dialer: %T has no socket: %w", c, errors.ErrUnsupported)
	}
	m, err := sockopt.TCPInfo(s)
	if err != nil {
		return false, err
	}
	return m.FastOpen, nil
}
