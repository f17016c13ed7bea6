package listener

import (
	"net"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// stream is one listening socket.
type stream struct {
	net.Listener // *net.TCPListener or *net.UnixListener
	address      address
	established  sockopt.Options
	plain        error // why the socket is not MPTCP, nil if it is
}

// Accept returns the next conn with its options in force.
func (l *stream) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, l.failed("accept", err)
		}
		err = applyStage(sockopt.Established, l.established, conn.LocalAddr(), conn)
		if err == nil {
			return conn, nil
		}
		gone := peerGone(conn, err)
		conn.Close()
		if !gone {
			e := l.failed("set option", err)
			e.temporary = true
			return nil, e
		}
	}
}

// Close closes the listener.
func (l *stream) Close() error {
	if err := l.Listener.Close(); err != nil {
		return l.failed("close", err)
	}
	return nil
}

// SyscallConn gives access to the listening socket.
func (l *stream) SyscallConn() (syscall.RawConn, error) { return rawConn(l.Listener) }

func (l *stream) whyPlain() error { return l.plain }

func (l *stream) failed(op string, err error) *Error {
	return &Error{Op: op, Network: l.address.full(), Address: l.address.text, Err: err}
}
