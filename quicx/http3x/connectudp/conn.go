package connectudp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/quicx/internal/deadline"
)

// receiveQueue is how many datagrams wait for a Read.
const receiveQueue = 64

// Conn is a session through the proxy: a UDP conn with its target, as net.Conn
// and as net.PacketConn. It is safe for concurrent use.
//
// Of what comes while nobody reads 64 datagrams are kept, and dropped what is
// above. Write waits while the QUIC conn has 32 datagrams to send; its deadline
// is looked at before that only. Where payloads go in the stream Write waits for
// the proxy, and a payload that a deadline has cut goes on before the next one.
type Conn struct {
	flow   flow
	remote net.Addr
	in     chan []byte
	ended  chan struct{} // closed when nothing comes any more
	cause  error         // set before
	closed chan struct{}
	once   sync.Once
	cancel context.CancelFunc

	read, write deadline.Deadline
}

var (
	_ net.Conn       = (*Conn)(nil)
	_ net.PacketConn = (*Conn)(nil)
)

// newConn returns a conn over a stream. Datagrams says whether this side has them.
func newConn(ctx context.Context, stream *http3x.ExtendedConn, remote net.Addr, datagrams bool) (*Conn, error) {
	settings, err := stream.Settings(ctx)
	if err != nil {
		stream.Close()
		return nil, err
	}
	c := &Conn{
		flow: flow{conn: stream, datagrams: datagrams && settings.EnableDatagrams}, remote: remote,
		in: make(chan []byte, receiveQueue), ended: make(chan struct{}), closed: make(chan struct{}),
	}
	receiving, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	go func() {
		defer close(c.ended)
		c.cause = fmt.Errorf("the proxy has ended the session: %w", c.flow.receive(receiving, c.queue))
	}()
	return c, nil
}

// queue keeps a payload for Read.
func (c *Conn) queue(p []byte) error {
	select {
	case c.in <- p:
		c.flow.received.Add(1)
	default:
		c.flow.dropped.Add(1)
	}
	return nil
}

// Read reads a datagram. What does not fit into p is lost, as with UDP. When the
// proxy has ended the session the error is an io.EOF in its chain.
func (c *Conn) Read(p []byte) (int, error) {
	select {
	case <-c.closed:
		return 0, c.fail("read", net.ErrClosed)
	case <-c.read.Wait():
		return 0, c.fail("read", os.ErrDeadlineExceeded)
	default:
	}
	select {
	case b := <-c.in:
		return copy(p, b), nil
	case <-c.read.Wait():
		return 0, c.fail("read", os.ErrDeadlineExceeded)
	case <-c.closed:
		return 0, c.fail("read", net.ErrClosed)
	case <-c.ended:
	}
	select { // what had come before
	case b := <-c.in:
		return copy(p, b), nil
	default:
		return 0, c.fail("read", c.cause)
	}
}

// ReadFrom is Read, with the address of the target.
func (c *Conn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	if err != nil {
		return n, nil, err
	}
	return n, c.remote, nil
}

// Write sends a datagram. One that does not fit into a QUIC packet is dropped
// and counted, with a *quic.DatagramTooLargeError that tells the room; one byte
// of that is for the context.
func (c *Conn) Write(p []byte) (int, error) {
	select {
	case <-c.closed:
		return 0, c.fail("write", net.ErrClosed)
	case <-c.ended:
		return 0, c.fail("write", c.cause)
	case <-c.write.Wait():
		return 0, c.fail("write", os.ErrDeadlineExceeded)
	default:
	}
	if len(p) > maxPayload {
		c.flow.dropped.Add(1)
		return 0, c.fail("write", fmt.Errorf("%d bytes: UDP has at most %d", len(p), maxPayload))
	}
	b := make([]byte, 1+len(p)) // the context is 0
	copy(b[1:], p)
	if err := c.flow.send(b); err != nil {
		return 0, c.fail("write", err)
	}
	return len(p), nil
}

// WriteTo is Write; a must be the target, or nil.
func (c *Conn) WriteTo(p []byte, a net.Addr) (int, error) {
	if a != nil && a.String() != c.remote.String() {
		return 0, c.fail("write", fmt.Errorf("to %s: %w", a, net.ErrWriteToConnected))
	}
	return c.Write(p)
}

// Close ends the session. It may be called twice.
func (c *Conn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.cancel()
		_ = c.flow.conn.Close() // the proxy may have been first
		<-c.ended
		c.read.Set(time.Time{})
		c.write.Set(time.Time{})
	})
	return nil
}

// LocalAddr returns that of the QUIC conn to the proxy.
func (c *Conn) LocalAddr() net.Addr { return c.flow.conn.LocalAddr() }

// RemoteAddr returns the target: a *net.UDPAddr, or the name and the port.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// Dropped returns how many datagrams were dropped here: those that were too
// large, that came while nobody read, or with a context that is not known.
func (c *Conn) Dropped() uint64 { return c.flow.dropped.Load() }

// SetDeadline sets both.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline is for Read and ReadFrom; zero is none.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.read, t) }

// SetWriteDeadline is for Write and WriteTo; zero is none.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if !c.flow.datagrams {
		_ = c.flow.conn.SetWriteDeadline(t) // a closed conn is told below
	}
	return c.setDeadline(&c.write, t)
}

func (c *Conn) setDeadline(d *deadline.Deadline, t time.Time) error {
	select {
	case <-c.closed:
		return c.fail("set", net.ErrClosed)
	default:
		d.Set(t)
		return nil
	}
}

func (c *Conn) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: protocol, Source: c.LocalAddr(), Addr: c.remote, Err: err}
}
