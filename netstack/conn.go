package netstack

import (
	"bytes"
	"io"
	"net"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"
)

// TCPConn is a TCP conn of a stack, with the methods of a [net.TCPConn] and the errors that
// it has. Its methods may be called at the same time. No goroutine belongs to it, and no
// buffer while it waits.
type TCPConn struct {
	e             *endpoint
	network       string
	local, remote net.Addr // kept, since the engine forgets them with a reset

	in, out gate
	dst     tcpip.SliceWriter // of Read; in.turn holds it
	src     bytes.Reader      // of Write; out.turn holds it
}

var _ net.Conn = (*TCPConn)(nil)

// newTCPConn returns the conn of a connected endpoint, with the options that a conn of
// package net has.
func newTCPConn(e *endpoint) *TCPConn {
	c := &TCPConn{e: e, network: "tcp"}
	// The engine's own getters know no peer after a reset.
	if info, ok := e.ep.Info().(*stack.TransportEndpointInfo); ok {
		nic := info.RegisterNICID
		c.local = c.addr(tcpip.FullAddress{NIC: nic, Addr: info.ID.LocalAddress, Port: info.ID.LocalPort})
		c.remote = c.addr(tcpip.FullAddress{NIC: nic, Addr: info.ID.RemoteAddress, Port: info.ID.RemotePort})
	}
	c.setDefaults()
	c.in.open(e.wq, waiter.ReadableEvents|waiter.EventErr|waiter.EventHUp)
	c.out.open(e.wq, waiter.WritableEvents|waiter.EventErr|waiter.EventHUp)
	return c
}

func (c *TCPConn) addr(a tcpip.FullAddress) net.Addr {
	return net.TCPAddrFromAddrPort(c.e.s.addrPort(a))
}

// Read reads what has arrived, at least one byte, and waits for it. The end of the stream
// is [io.EOF].
func (c *TCPConn) Read(p []byte) (int, error) {
	c.in.turn.Lock()
	defer c.in.turn.Unlock()
	for {
		if err := c.in.err(); err != nil {
			return 0, c.fail("read", err)
		}
		if len(p) == 0 {
			return 0, nil
		}
		c.dst = p
		n, err := c.take(&c.dst)
		c.dst = nil
		switch err.(type) {
		case nil:
			return n, nil
		case *tcpip.ErrWouldBlock:
			c.in.wait()
		case *tcpip.ErrClosedForReceive:
			return 0, c.eof()
		default:
			return 0, c.failRead(err)
		}
	}
}

func (c *TCPConn) failRead(err tcpip.Error) error {
	return c.fail("read", c.e.cause(err))
}

// take moves what has arrived to w, which may take less by returning an error.
func (c *TCPConn) take(w io.Writer) (int, tcpip.Error) {
	res, err := c.e.ep.Read(w, tcpip.ReadOptions{})
	if res.Count > 0 {
		c.e.ep.ModerateRecvBuf(res.Count)
	}
	return res.Count, err
}

// eof tells the end of the stream from that of the conn, or of its stack.
func (c *TCPConn) eof() error {
	if c.e.closed.Load() {
		return c.fail("read", net.ErrClosed)
	}
	return io.EOF
}

// Write writes all of p; it waits while the send buffer is full.
func (c *TCPConn) Write(p []byte) (int, error) {
	c.out.turn.Lock()
	defer c.out.turn.Unlock()
	c.src.Reset(p)
	defer c.src.Reset(nil)
	for done := 0; ; {
		if err := c.out.err(); err != nil {
			return done, c.fail("write", err)
		}
		if done == len(p) {
			return done, nil
		}
		n, err := c.put(&c.src)
		done += n
		switch err.(type) {
		case nil:
		case *tcpip.ErrWouldBlock:
			c.out.wait()
		default:
			return done, c.failWrite(err)
		}
		if done == len(p) {
			return done, nil
		}
		// The engine reads what fitted, looks again, and drops what does not fit any more.
		_, _ = c.src.Seek(int64(done), io.SeekStart)
	}
}

// put moves to the send buffer what it has room for.
func (c *TCPConn) put(p tcpip.Payloader) (int, tcpip.Error) {
	n, err := c.e.ep.Write(p, tcpip.WriteOptions{})
	return int(n), err
}

// failWrite tells a conn that was closed, or whose stack was, from one that is shut down.
func (c *TCPConn) failWrite(err tcpip.Error) error {
	if _, ok := err.(*tcpip.ErrClosedForSend); ok && !c.e.closed.Load() {
		return c.fail("write", errBrokenPipe)
	}
	return c.fail("write", c.e.cause(err))
}

// cause returns err, or that the endpoint was closed by its conn or by its stack.
func (e *endpoint) cause(err tcpip.Error) error {
	if e.closed.Load() {
		return net.ErrClosed
	}
	return wrap(err)
}

// errBrokenPipe is [ErrClosedForSend] of a conn that is not closed itself.
var errBrokenPipe = newSentinel("broken pipe", ePipe)

// Close closes the conn: a Read or Write that waits returns [net.ErrClosed]. What was
// written is sent in the background (see [TCPConn.SetLinger]); when something was not read,
// the peer gets a reset.
func (c *TCPConn) Close() error {
	if !c.shut() {
		return c.fail("close", net.ErrClosed)
	}
	c.e.close()
	c.linger()
	return nil
}

// shut closes both gates and reports whether they were open.
func (c *TCPConn) shut() bool {
	was := c.in.close()
	return c.out.close() && was
}

// CloseRead ends reading: a Read that waits, and those to come, return [io.EOF].
func (c *TCPConn) CloseRead() error { return c.shutdown(tcpip.ShutdownRead) }

// CloseWrite ends writing: the peer reads the end of the stream after what was written.
func (c *TCPConn) CloseWrite() error { return c.shutdown(tcpip.ShutdownWrite) }

func (c *TCPConn) shutdown(f tcpip.ShutdownFlags) error {
	if c.closed() {
		return c.fail("close", net.ErrClosed)
	}
	if err := c.e.ep.Shutdown(f); err != nil {
		return c.fail("close", wrap(err))
	}
	return nil
}

func (c *TCPConn) closed() bool {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.closed
}

// Endpoint returns the conn's endpoint. What is done there is seen here: with data that it
// reads, or its Close, the conn has neither.
func (c *TCPConn) Endpoint() Endpoint { return c.e }

// LocalAddr returns the local address, a [*net.TCPAddr], also after Close.
func (c *TCPConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's address, a [*net.TCPAddr], also after a reset and Close.
func (c *TCPConn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets the deadlines of Read and Write, of those that wait too. Its error is
// [os.ErrDeadlineExceeded]. The zero time is no deadline.
func (c *TCPConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of Read.
func (c *TCPConn) SetReadDeadline(t time.Time) error { return c.setFail(c.in.set(t)) }

// SetWriteDeadline sets the deadline of Write. What was written before it is sent.
func (c *TCPConn) SetWriteDeadline(t time.Time) error { return c.setFail(c.out.set(t)) }

func (c *TCPConn) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: c.network, Source: c.local, Addr: c.remote, Err: err}
}

func (c *TCPConn) setFail(err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: "set", Net: c.network, Addr: c.local, Err: err}
}
