package quicx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// DatagramConn is the unreliable datagrams of a QUIC conn (RFC 9221) as a
// [net.PacketConn] with one peer, and as a [net.Conn]. It is safe for concurrent
// use.
//
// They are encrypted and paced by congestion control, but lost, and not in
// order, as those of UDP. Received ones wait in quic-go's queue, 128 for each
// QUIC conn; what comes when it is full is dropped there, and quic-go tells
// nobody but its qlog (datagram_dropped).
type DatagramConn struct {
	conn *quic.Conn

	read, write deadline
	reading     sync.Mutex // quic-go wakes one reader for several datagrams
	queue       chan *[]byte
	fitted      atomic.Int64 // a size that quic-go takes
	start, stop sync.Once
	done        chan struct{}

	received, sent, cut, dropped atomic.Uint64
}

// DatagramStats counts the datagrams of a DatagramConn.
type DatagramStats struct {
	// Received and Sent are those that ReadFrom returned and WriteTo took.
	Received, Sent uint64
	// Cut are received ones that were larger than the reader's buffer.
	Cut uint64
	// Dropped are sent ones that the QUIC conn did not take in the end: it had
	// ended, or moved to a path where they do not fit.
	Dropped uint64
}

// NewDatagramConn returns a *DatagramConn for the datagrams of c, whose handshake
// must be complete. It is errors.ErrUnsupported if one side has
// quic.Config.EnableDatagrams off; the error says which. Two DatagramConns of one
// QUIC conn take datagrams from each other.
func NewDatagramConn(c *quic.Conn) (net.PacketConn, error) {
	fail := func(err error) (net.PacketConn, error) {
		return nil, &Error{Op: "datagrams", Network: "udp", Address: c.RemoteAddr().String(), Err: err}
	}
	if err := context.Cause(c.Context()); err != nil {
		return fail(err)
	}
	state := c.ConnectionState()
	switch s := state.SupportsDatagrams; {
	case !s.Local:
		return fail(fmt.Errorf("EnableDatagrams is off in our quic.Config: %w", errors.ErrUnsupported))
	case !state.TLS.HandshakeComplete:
		return fail(errors.New("the handshake is not complete, so that it is not known whether the peer takes them"))
	case !s.Remote:
		return fail(fmt.Errorf("the peer does not take them (no max_datagram_frame_size): %w", errors.ErrUnsupported))
	}
	d := &DatagramConn{conn: c, queue: make(chan *[]byte, sendQueue), done: make(chan struct{})}
	d.read.init()
	d.write.init()
	return d, nil
}

// Conn returns the QUIC conn, which streams share.
func (d *DatagramConn) Conn() *quic.Conn { return d.conn }

// LocalAddr returns the local address of the QUIC conn.
func (d *DatagramConn) LocalAddr() net.Addr { return d.conn.LocalAddr() }

// RemoteAddr returns the peer's address. It changes when the peer migrates.
func (d *DatagramConn) RemoteAddr() net.Addr { return d.conn.RemoteAddr() }

// Stats returns the counts so far.
func (d *DatagramConn) Stats() DatagramStats {
	return DatagramStats{Received: d.received.Load(), Sent: d.sent.Load(), Cut: d.cut.Load(), Dropped: d.dropped.Load()}
}

// Read is ReadFrom without the address, which is always the peer's.
func (d *DatagramConn) Read(b []byte) (int, error) {
	data, err := d.receive()
	if err != nil {
		return 0, d.failed("read", "", err)
	}
	d.received.Add(1)
	if len(data) > len(b) {
		d.cut.Add(1)
	}
	return copy(b, data), nil
}

// ReadFrom reads one datagram. What does not fit into b is lost, as it is on a
// *net.UDPConn, and counted.
func (d *DatagramConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := d.Read(b)
	if err != nil {
		return 0, nil, err
	}
	return n, d.RemoteAddr(), nil
}

func (d *DatagramConn) receive() ([]byte, error) {
	d.reading.Lock()
	defer d.reading.Unlock()
	for {
		data, err := d.conn.ReceiveDatagram(d.read.context())
		if !errors.Is(err, errDeadlineMoved) {
			return data, err
		}
	}
}

// Close wakes reads and writes, which fail with [net.ErrClosed] then. The QUIC
// conn stays open. A second Close does nothing.
func (d *DatagramConn) Close() error {
	d.stop.Do(func() {
		close(d.done)
		d.read.close()
		d.write.close()
	})
	return nil
}

// SetDeadline sets both deadlines.
func (d *DatagramConn) SetDeadline(t time.Time) error {
	return errors.Join(d.SetReadDeadline(t), d.SetWriteDeadline(t))
}

// SetReadDeadline limits reads, also those that wait already. Zero means no
// limit.
func (d *DatagramConn) SetReadDeadline(t time.Time) error {
	return d.failed("set deadline", "", d.read.set(t))
}

// SetWriteDeadline limits writes, also those that wait already. Zero means no
// limit.
func (d *DatagramConn) SetWriteDeadline(t time.Time) error {
	return d.failed("set deadline", "", d.write.set(t))
}

func (d *DatagramConn) failed(op, value string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Value: value, Network: "udp", Address: d.RemoteAddr().String(), Err: err}
}

// tooLarge says how much a datagram can hold.
func (d *DatagramConn) tooLarge(n int, err error) error {
	if large, ok := errors.AsType[*quic.DatagramTooLargeError](err); ok {
		err = fmt.Errorf("at most %d bytes fit into a datagram now: %w", large.MaxDatagramPayloadSize, err)
		return d.failed("write", strconv.Itoa(n)+" bytes", err)
	}
	return d.failed("write", "", err)
}
