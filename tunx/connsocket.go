package tunx

import (
	"net"
	"net/netip"
)

// newConnSocket makes a socket of a conn to a destination, as newSocket does.
func newConnSocket(c net.Conn, remote netip.AddrPort, to *receiver) (socket, error) {
	if u, ok := c.(*net.UDPConn); ok {
		return newUDPSocket(u, to)
	}
	return &connSocket{conn: c, remote: remote, to: to}, nil
}

// connSocket is a conn of which nothing is known.
type connSocket struct {
	conn   net.Conn
	remote netip.AddrPort
	to     *receiver
	buffer []byte
	errors int // in a row
}

// maxErrorsInRow bounds how often a socket may say that nobody listens before it is given
// up: one that says nothing else would never rest.
const maxErrorsInRow = 64

func (s *connSocket) writeTo(p []byte, _ netip.AddrPort) (int, error) { return s.conn.Write(p) }

func (s *connSocket) receive() error {
	if s.buffer == nil {
		s.buffer = make([]byte, maxPacket)
	}
	n, err := s.conn.Read(s.buffer)
	if err != nil {
		s.errors++
		if isRefused(err) && s.errors < maxErrorsInRow {
			s.to.refuse(s.remote)
			return nil
		}
		return err
	}
	s.errors = 0
	return s.to.deliver(s.buffer[:n], s.remote)
}
