package httpx

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// hijackedConn tells the server when it is closed.
type hijackedConn struct {
	net.Conn
	server *Server
}

// Close closes the conn.
func (c *hijackedConn) Close() error {
	defer c.server.forget(c.Conn)
	return c.Conn.Close()
}

// NetConn returns the conn below, which may be a *tls.Conn. Closing that one
// directly leaves this one open in the eyes of the server.
func (c *hijackedConn) NetConn() net.Conn { return c.Conn }

// CloseWrite ends one direction, where the conn can.
func (c *hijackedConn) CloseWrite() error { return closeWrite(c.Conn) }

// SyscallConn returns the socket, where the conn is one.
func (c *hijackedConn) SyscallConn() (syscall.RawConn, error) {
	if s, ok := c.Conn.(syscall.Conn); ok {
		return s.SyscallConn()
	}
	return nil, fmt.Errorf("httpx: socket of %T: %w", c.Conn, errors.ErrUnsupported)
}

// ReadFrom lets the kernel copy, where it can.
func (c *hijackedConn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// WriteTo lets the kernel copy, where it can.
func (c *hijackedConn) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, c.Conn) }
