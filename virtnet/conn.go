package virtnet

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A conn is an engine's conn with the addresses and errors of a virtual network.
type conn struct {
	socket
	remote  Addr
	conn    net.Conn // set before anybody else sees the conn
	closing sync.Once
	err     error // of closing
}

func newConn(h *Host) *conn {
	return &conn{socket: socket{host: h, local: Addr{Net: h.Network(), Host: h.name}}}
}

// attach gives the conn what moves its bytes, unless it is down already.
func (c *conn) attach(netconn net.Conn, remote *Addr) bool {
	c.conn, c.remote = netconn, *remote
	return c.host.own(&c.socket, c)
}

// LocalAddr returns the address of this end, an [*Addr].
func (c *conn) LocalAddr() net.Addr { return &c.local }

// RemoteAddr returns the address of the other end, an [*Addr].
func (c *conn) RemoteAddr() net.Addr { return &c.remote }

// Read reads from the other end. Its error has the way of the bytes, from the other
// end to this one.
func (c *conn) Read(p []byte) (int, error) {
	if c.cause() != nil {
		return 0, c.failed("read", &c.remote, &c.local, nil)
	}
	n, err := c.conn.Read(p)
	if err != nil {
		err = c.failed("read", &c.remote, &c.local, err)
	}
	return n, err
}

// Write writes to the other end.
func (c *conn) Write(p []byte) (int, error) {
	if c.cause() != nil {
		return 0, c.failed("write", &c.local, &c.remote, nil)
	}
	n, err := c.conn.Write(p)
	if err != nil {
		err = c.failed("write", &c.local, &c.remote, err)
	}
	return n, err
}

// failed says what an operation failed of: the conn's own end before what the
// engine's conn saw of it. That the other end was closed has no wrapper.
func (c *conn) failed(op string, source, addr *Addr, err error) error {
	if down := c.cause(); down != nil {
		err = down
	} else if err == io.EOF || err == io.ErrClosedPipe { //nolint:errorlint // a wrapped one has more to say
		return err
	}
	e := &net.OpError{Op: op, Net: c.host.Network(), Addr: addr, Err: inner(err)}
	if source != nil {
		e.Source = source
	}
	return e
}

// inner takes the addresses of the engine's conn off its error.
func inner(err error) error {
	//nolint:errorlint // one that is wrapped must keep its wrapper's words
	if op, ok := err.(*net.OpError); ok {
		return op.Err
	}
	return err
}

// SetDeadline sets when Read and Write give up, as [net.Conn] has it.
func (c *conn) SetDeadline(t time.Time) error { return c.set(c.conn.SetDeadline, t) }

// SetReadDeadline sets when Read gives up.
func (c *conn) SetReadDeadline(t time.Time) error { return c.set(c.conn.SetReadDeadline, t) }

// SetWriteDeadline sets when Write gives up.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.set(c.conn.SetWriteDeadline, t) }

func (c *conn) set(deadline func(time.Time) error, t time.Time) error {
	err := deadline(t)
	if err == nil && c.cause() == nil {
		return nil
	}
	return c.failed("set", nil, &c.local, err)
}

// Close closes the conn; the port is free again. A second Close returns the same.
func (c *conn) Close() error {
	c.markClosed()
	c.shut()
	c.host.free(&c.socket)
	return c.err
}

func (c *conn) shut() {
	c.closing.Do(func() {
		if err := c.conn.Close(); err != nil {
			c.err = &net.OpError{Op: "close", Net: c.host.Network(), Source: &c.local, Addr: &c.remote, Err: inner(err)}
		}
	})
}

// isContext reports whether a context's end is what an error is about.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
