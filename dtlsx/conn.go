package dtlsx

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/dtls/v3"
)

// A Conn is a DTLS conn whose handshake is done. Each Write is a record and a
// datagram of its own, and each Read returns one; datagrams get lost and overtake
// each other as UDP's do. It is safe for concurrent use.
type Conn struct {
	dtls   *dtls.Conn
	link   net.PacketConn
	shaken *handshake
	state  ConnectionState // what does not change
	watch  watcher         // nil for a dialled conn

	closed            atomic.Bool
	in, out           atomic.Uint64
	inBytes, outBytes atomic.Uint64
	short             atomic.Uint64
}

// Stats counts what a conn has carried.
type Stats struct {
	// RecordsIn and BytesIn are what Read returned, RecordsOut and BytesOut what
	// Write sent.
	RecordsIn, BytesIn, RecordsOut, BytesOut uint64
	// Dropped are the datagrams that came while Config.ReceiveQueue of them
	// waited, and the records that a Read had no room for. What the kernel drops
	// when the buffer of a dialled conn is full is not known here.
	Dropped uint64
	// Discarded are the records that were replayed, not authentic or not of this
	// conn (RFC 6347, section 4.1.2.7).
	Discarded uint64
}

// drainTries is how often Read asks again for what the library received before
// the peer's end: it chooses by lot between a record that waits and the end.
const drainTries = 64

// Read returns the next record. If b is too small the record is dropped and
// counted, and the error is io.ErrShortBuffer. After the peer's close_notify it is
// io.EOF, after Close net.ErrClosed, after a fatal alert an *AlertError, and after
// the deadline os.ErrDeadlineExceeded.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.dtls.Read(b)
	for i := 0; err == io.EOF && i < drainTries && !c.closed.Load(); i++ { //nolint:errorlint // the library returns it as it is
		n, err = c.dtls.Read(b)
	}
	if err != nil {
		return n, c.readError(err)
	}
	if c.watch != nil {
		c.watch.touch()
	}
	c.shaken.tap.settle()
	if c.in.Add(1) == 1 {
		c.shaken.tap.flight.forget() // the peer has finished too
	}
	c.inBytes.Add(uint64(n)) //nolint:gosec // not negative
	return n, nil
}

// readError says why Read failed.
func (c *Conn) readError(err error) error {
	switch {
	case c.closed.Load():
		return c.fail("read", net.ErrClosed)
	case c.cut() != nil:
		return c.cut()
	case err == io.EOF: //nolint:errorlint // the library returns it as it is
		if code, ok := c.shaken.journal.received(); ok {
			return c.fail("read", &AlertError{Code: code, Received: true})
		}
		return io.EOF
	case timedOut(err):
		return c.fail("read", os.ErrDeadlineExceeded)
	case isShort(err):
		c.short.Add(1)
		return c.fail("read", io.ErrShortBuffer)
	}
	if code, ok := receivedAlert(err); ok {
		return c.fail("read", &AlertError{Code: code, Received: true})
	}
	return c.fail("read", plain(err))
}

// cut returns why the listener has ended the conn, nil if it has not.
func (c *Conn) cut() error {
	if c.watch == nil {
		return nil
	}
	return c.watch.cause()
}

func timedOut(err error) bool {
	var t *dtls.TimeoutError
	return errors.As(err, &t)
}

// isShort tells the library's error about a small buffer, which is not exported,
// from those of the socket.
func isShort(err error) bool {
	var t *dtls.TemporaryError
	var n *net.OpError
	return errors.As(err, &t) && !errors.As(err, &n)
}

// Write sends a record of at most MaxPayload bytes, which may be none; more is an
// error that unwraps to syscall.EMSGSIZE and sends nothing. An error of the system,
// such as ECONNREFUSED, does not end the conn: the peer may come back.
func (c *Conn) Write(b []byte) (int, error) {
	if len(b) > MaxPayload {
		err := fmt.Errorf("%d bytes are more than a record has, %d: %w", len(b), MaxPayload, errMessageSize)
		return 0, c.fail("write", err)
	}
	if _, err := c.dtls.Write(b); err != nil {
		return 0, c.writeError(err)
	}
	if c.watch != nil {
		c.watch.touch()
	}
	c.out.Add(1)
	c.outBytes.Add(uint64(len(b)))
	return len(b), nil
}

// writeError says why Write failed.
func (c *Conn) writeError(err error) error {
	switch {
	case c.closed.Load():
		return c.fail("write", net.ErrClosed)
	case c.cut() != nil:
		return c.cut()
	case errors.Is(err, dtls.ErrConnClosed) || errors.Is(plain(err), net.ErrClosed):
		if code, ok := c.shaken.journal.received(); ok {
			return c.fail("write", &AlertError{Code: code, Received: true})
		}
		return c.fail("write", fmt.Errorf("the peer has closed: %w", net.ErrClosed))
	case timedOut(err):
		return c.fail("write", os.ErrDeadlineExceeded)
	}
	return c.fail("write", plain(err))
}

// Close tells the peer, and ends Read and Write. It never waits for the peer.
// Closing again does nothing.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	if c.watch != nil {
		defer c.watch.released()
	}
	if err := c.dtls.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return c.fail("close", plain(err))
	}
	return nil
}

// LocalAddr returns the address of the socket.
func (c *Conn) LocalAddr() net.Addr { return c.dtls.LocalAddr() }

// RemoteAddr returns the address of the peer: with connection IDs, the one that
// the latest record came from.
func (c *Conn) RemoteAddr() net.Addr { return c.dtls.RemoteAddr() }

// SetDeadline sets both deadlines. The zero time means none.
func (c *Conn) SetDeadline(t time.Time) error { return c.deadline(c.dtls.SetDeadline, t) }

// SetReadDeadline sets when Read gives up, also one that waits already.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.deadline(c.dtls.SetReadDeadline, t) }

// SetWriteDeadline sets when Write gives up, also one that waits already.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.deadline(c.dtls.SetWriteDeadline, t) }

func (c *Conn) deadline(set func(time.Time) error, t time.Time) error {
	if c.closed.Load() {
		return c.fail("set deadline", net.ErrClosed)
	}
	return set(t)
}

// SyscallConn returns the socket of a dialled conn. The conns of a listener share
// one, which is not theirs: that is errors.ErrUnsupported.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	s, ok := c.link.(syscall.Conn)
	if !ok {
		return nil, c.fail("raw access", fmt.Errorf("the socket belongs to the listener: %w", errors.ErrUnsupported))
	}
	return s.SyscallConn()
}

// Stats returns what the conn has carried up to now.
func (c *Conn) Stats() Stats {
	s := Stats{
		RecordsIn: c.in.Load(), BytesIn: c.inBytes.Load(), RecordsOut: c.out.Load(), BytesOut: c.outBytes.Load(),
		Dropped: c.short.Load(), Discarded: c.shaken.journal.discarded.Load(),
	}
	if d, ok := c.link.(interface{ Dropped() uint64 }); ok {
		s.Dropped += d.Dropped()
	}
	return s
}
