package listener

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// stream is one listening socket.
type stream struct {
	net.Listener // *net.TCPListener or *net.UnixListener
	address      address
	established  sockopt.Options
	plain        error               // why the socket is not MPTCP, nil if it is
	keepAlive    net.KeepAliveConfig // for Accept to set, if enabled
	file         *socketFile         // nil if there is none that Close has to remove
	held         bool                // a descriptor of activation
}

// prepare puts the options of an accepted conn in force.
func (l *stream) prepare(conn net.Conn) error {
	if l.keepAlive.Enable {
		if err := conn.(*net.TCPConn).SetKeepAliveConfig(l.keepAlive); err != nil {
			return err
		}
	}
	return applyStage(sockopt.Established, l.established, conn.LocalAddr(), conn)
}

// Close closes the listener and removes its file, if that is its own.
func (l *stream) Close() error {
	fileErr := l.file.remove()
	err := l.Listener.Close()
	if err == nil && l.held {
		err = activation.release(l.address.fd)
	}
	if err := errors.Join(err, fileErr); err != nil {
		return l.failed("close", err)
	}
	return nil
}

// abandon closes what New will not return. An inherited descriptor stays open.
func (l *stream) abandon() {
	if l.held {
		activation.leave(l.address.fd)
		l.held = false
	}
	if l.Listener != nil {
		l.Close()
	}
}

// File returns a duplicate of the socket for another process.
func (l *stream) File() (*os.File, error) {
	f, err := duplicateFile(l.Listener)
	if err != nil {
		return nil, l.failed("duplicate", err)
	}
	return f, nil
}

// leave says that the file of a unix socket is another process's too: Close leaves
// it.
func (l *stream) leave() {
	l.file.leave()
	if u, ok := l.Listener.(interface{ SetUnlinkOnClose(unlink bool) }); ok {
		u.SetUnlinkOnClose(false)
	}
}

// SyscallConn gives access to the listening socket.
func (l *stream) SyscallConn() (syscall.RawConn, error) { return rawConn(l.Listener) }

func (l *stream) whyPlain() error { return l.plain }

func (l *stream) failed(op string, err error) *Error {
	return &Error{Op: op, Network: l.address.full(), Address: l.address.text, Err: err}
}

// wrongMultipath is the error for a socket that Config.Multipath rules out.
func (l *stream) wrongMultipath(c *Config, err error) *Error {
	e := l.failed("listen", err)
	e.Field, e.Value = "Multipath", c.Multipath.String()
	return e
}
