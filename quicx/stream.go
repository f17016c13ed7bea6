package quicx

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// RefusedCode is the code with which a [StreamListener] that was closed resets
// streams that peers open on conns which still have some. A [StreamDialer] opens
// no more streams on a conn where it sees it, and dials another one.
const RefusedCode quic.StreamErrorCode = 0x52454655

// announcement is the byte before all others if StreamConfig.Announce is set.
const announcement = 0

// StreamConn is a bidirectional QUIC stream as a [net.Conn]. It is safe for
// concurrent use.
//
// Errors are *Error and say why: [net.ErrClosed] after Close,
// [os.ErrDeadlineExceeded] after a deadline, a *quic.StreamError when the peer
// has reset the stream or stopped reading it, and what ended the QUIC conn
// otherwise, as *quic.ApplicationError or *quic.IdleTimeoutError, whose Timeout
// is true. quic-go makes the last ones [net.ErrClosed] too. When the peer has
// sent all, Read returns io.EOF itself.
//
// It has neither ReadFrom nor WriteTo: quic-go copies what is read and written
// in any case, so that io.Copy loses nothing without them.
type StreamConn struct {
	conn   *quic.Conn
	stream *quic.Stream
	code   quic.StreamErrorCode

	released func() // called by the first Close, may be nil
	refused  func() // called when the peer has refused the stream, may be nil

	reading   sync.Mutex // held while the announcement is read
	announced atomic.Bool
	mismatch  error // guarded by reading

	writing sync.Mutex // quic-go's Close must not run beside Write

	mu          sync.Mutex // held to change the following, and the deadlines
	closed      atomic.Bool
	readClosed  atomic.Bool
	writeClosed atomic.Bool
}

// NewStreamConn returns stream, which belongs to conn, as a net.Conn. Nobody
// else should then read, write or close it.
func NewStreamConn(conn *quic.Conn, stream *quic.Stream) *StreamConn {
	return &StreamConn{conn: conn, stream: stream}
}

// Conn returns the QUIC conn, which other streams share.
func (c *StreamConn) Conn() *quic.Conn { return c.conn }

// Stream returns the stream, for its ID and its priority.
func (c *StreamConn) Stream() *quic.Stream { return c.stream }

// LocalAddr returns the local address of the QUIC conn.
func (c *StreamConn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns the peer's address. It changes when the peer migrates.
func (c *StreamConn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// Read reads what the peer has sent. After CloseRead it returns io.EOF.
func (c *StreamConn) Read(b []byte) (int, error) {
	if c.announced.Load() {
		if err := c.skipAnnouncement(); err != nil {
			return 0, c.failed("read", err)
		}
	}
	if c.closed.Load() || c.readClosed.Load() {
		return 0, c.failed("read", net.ErrClosed)
	}
	n, err := c.stream.Read(b)
	return n, c.failed("read", err)
}

// Write sends b. It returns when quic-go has taken all of it, which is not when
// it has arrived. It waits while the peer's flow control or the congestion
// window leaves no room.
func (c *StreamConn) Write(b []byte) (int, error) {
	c.writing.Lock()
	n, err := c.stream.Write(b)
	c.writing.Unlock()
	return n, c.failed("write", err)
}

// announce makes the stream visible to the peer before there is data.
func (c *StreamConn) announce() error {
	_, err := c.Write([]byte{announcement})
	return err
}

// skipAnnouncement reads the first byte. A deadline may end that: then the next
// Read goes on.
func (c *StreamConn) skipAnnouncement() error {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.mismatch != nil || !c.announced.Load() {
		return c.mismatch
	}
	var b [1]byte
	n, err := c.stream.Read(b[:])
	switch {
	case n == 0 && err == nil:
		return io.ErrNoProgress
	case n == 0:
		return err
	case b[0] != announcement:
		c.mismatch = errNotAnnounced
		c.stream.CancelRead(c.code)
		c.stream.CancelWrite(c.code)
		return c.mismatch
	}
	c.announced.Store(false)
	return nil
}

// SetDeadline sets both deadlines.
func (c *StreamConn) SetDeadline(t time.Time) error { return c.setDeadlines(t, true, true) }

// SetReadDeadline limits reads, also those that wait already. Zero means no
// limit.
func (c *StreamConn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, true, false) }

// SetWriteDeadline limits writes, also those that wait already. Zero means no
// limit. A Write that it ends may have sent a part, and says how much; other
// than on a TLS conn, writing may go on after it.
func (c *StreamConn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, false, true) }

func (c *StreamConn) setDeadlines(t time.Time, read, write bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return c.failed("set deadline", net.ErrClosed)
	}
	var err error
	if read {
		err = c.stream.SetReadDeadline(t)
	}
	// The one that wakes a Write for CloseWrite has to stay.
	if write && err == nil && !c.writeClosed.Load() {
		err = c.stream.SetWriteDeadline(t)
	}
	return c.failed("set deadline", err)
}
