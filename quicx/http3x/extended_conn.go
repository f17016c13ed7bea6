package http3x

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// ExtendedConn is the stream of an extended CONNECT as a [net.Conn]. What is
// written goes out in DATA frames. It is safe for concurrent use.
//
// A write that a deadline has cut goes on where it stopped with the next one.
type ExtendedConn struct {
	stream        extendedStream
	settings      http3.Settingser
	request       *http.Request
	local, remote net.Addr
	cancel        http3.ErrCode // what the peer is told when it goes on to send
	release       func()        // nil: nobody counts

	in      inbound
	writing sync.Mutex
	owed    int  // bytes of the frame in which a write has stopped
	ended   bool // that direction

	deadlines sync.Mutex
	closed    atomic.Bool
}

// extendedStream is what http3.Stream and http3.RequestStream have in common.
type extendedStream interface {
	io.ReadWriteCloser
	Context() context.Context
	CancelRead(code quic.StreamErrorCode)
	CancelWrite(code quic.StreamErrorCode)
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	SendDatagram(b []byte) error
	ReceiveDatagram(ctx context.Context) ([]byte, error)
	StreamID() quic.StreamID
}

var _ net.Conn = (*ExtendedConn)(nil)

// Read reads what the peer has sent, io.EOF when it has closed its direction.
func (c *ExtendedConn) Read(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, c.fail("read", net.ErrClosed)
	}
	n, err := c.in.read(c.stream, p)
	return n, c.fail("read", err)
}

// Write sends p.
func (c *ExtendedConn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	switch {
	case c.closed.Load() || c.ended:
		return 0, c.fail("write", net.ErrClosed)
	case len(p) == 0:
		return 0, nil
	}
	n, err := c.stream.Write(p)
	c.owe(len(p), n, err)
	return n, c.fail("write", err)
}

// owe notes what is missing in the frame: what is written goes into that first, and
// the rest into one of its own.
func (c *ExtendedConn) owe(size, written int, err error) {
	switch {
	case written < c.owed:
		c.owed -= written
	case err != nil:
		c.owed = size - written
	default:
		c.owed = 0
	}
}

// CloseWrite ends the direction to the peer, which reads io.EOF then. A stream
// that stopped within a write is reset instead, so that the peer takes no part
// for the whole. When the peer has stopped reading there is nothing left to end:
// that is no error.
func (c *ExtendedConn) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closed.Load() {
		return c.fail("close", net.ErrClosed)
	}
	c.end()
	return nil
}

// end ends the direction to the peer, once.
func (c *ExtendedConn) end() {
	if c.ended {
		return
	}
	c.ended = true
	if c.owed > 0 {
		c.stream.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
		return
	}
	// An error only says that the peer has ended it, which may happen at any moment.
	// Then too it has to be called: quic-go keeps a stream, and the room that it takes
	// among those that the peer may open, until its end was noticed here.
	_ = c.stream.Close()
}

// CloseRead tells the peer that nothing of what it sends will be read.
func (c *ExtendedConn) CloseRead() error {
	c.stream.CancelRead(quic.StreamErrorCode(c.cancel))
	return nil
}

// Close ends both directions. What was written before still goes out; a Write
// that waits is woken and its direction reset. It returns nil, also when the peer
// has closed before, and when it is called again.
func (c *ExtendedConn) Close() error {
	c.deadlines.Lock()
	if c.closed.Swap(true) {
		c.deadlines.Unlock()
		return nil
	}
	c.stream.CancelRead(quic.StreamErrorCode(c.cancel))
	_ = c.stream.SetWriteDeadline(time.Unix(1, 0)) // wakes a writer
	c.deadlines.Unlock()
	c.in.close()
	c.writing.Lock()
	defer c.writing.Unlock()
	c.end()
	if c.release != nil {
		c.release()
	}
	return nil
}

// SetDeadline sets both.
func (c *ExtendedConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline is for Read; zero is none.
func (c *ExtendedConn) SetReadDeadline(t time.Time) error {
	return c.setDeadline(c.in.setDeadline, t)
}

// SetWriteDeadline is for Write; zero is none.
func (c *ExtendedConn) SetWriteDeadline(t time.Time) error {
	return c.setDeadline(c.stream.SetWriteDeadline, t)
}

func (c *ExtendedConn) setDeadline(set func(time.Time) error, t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.closed.Load() {
		return c.fail("set", net.ErrClosed)
	}
	return c.fail("set", set(t))
}

// LocalAddr returns that of the QUIC conn.
func (c *ExtendedConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns that of the QUIC conn.
func (c *ExtendedConn) RemoteAddr() net.Addr { return c.remote }

// StreamID returns the number of the stream in its QUIC conn.
func (c *ExtendedConn) StreamID() quic.StreamID { return c.stream.StreamID() }

// Request returns the CONNECT. It must not be changed.
func (c *ExtendedConn) Request() *http.Request { return c.request }

// Context ends when the direction to the peer has ended.
func (c *ExtendedConn) Context() context.Context { return c.stream.Context() }

// Settings returns what the peer has told of itself, and waits for that. To a
// client it has come before the stream was opened.
func (c *ExtendedConn) Settings(ctx context.Context) (*http3.Settings, error) {
	select {
	case <-c.settings.ReceivedSettings():
		return c.settings.Settings(), nil
	default:
	}
	select {
	case <-c.settings.ReceivedSettings():
		return c.settings.Settings(), nil
	case <-c.stream.Context().Done():
		return nil, c.fail("settings", context.Cause(c.stream.Context()))
	case <-ctx.Done():
		return nil, c.fail("settings", context.Cause(ctx))
	}
}

// SendDatagram sends an HTTP datagram (RFC 9297), which may get lost. The
// settings of both sides must have datagrams. It waits while 32 datagrams of the
// QUIC conn wait to be sent. One that is too large is a
// *quic.DatagramTooLargeError.
func (c *ExtendedConn) SendDatagram(b []byte) error {
	if c.closed.Load() {
		return c.fail("send datagram", net.ErrClosed)
	}
	return c.fail("send datagram", c.stream.SendDatagram(b))
}

// ReceiveDatagram waits for one. At most 32 are kept, those that come meanwhile
// are dropped.
func (c *ExtendedConn) ReceiveDatagram(ctx context.Context) ([]byte, error) {
	b, err := c.stream.ReceiveDatagram(ctx)
	return b, c.fail("receive datagram", err)
}

// fail says what failed on which conn. After Close that is the cause.
func (c *ExtendedConn) fail(op string, err error) error {
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case c.closed.Load():
		err = net.ErrClosed
	}
	return &net.OpError{Op: op, Net: "http3", Source: c.local, Addr: c.remote, Err: err}
}
