package tunx

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// ContextDialer is the shape of net.Dialer and of the SDK's dialers.
type ContextDialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// ListenConfig is the shape of *net.ListenConfig.
type ListenConfig interface {
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
}

// StreamDialerFunc is a [StreamDialer] that is a function.
type StreamDialerFunc func(ctx context.Context, address string) (StreamConn, error)

// DialStream calls f.
func (f StreamDialerFunc) DialStream(ctx context.Context, address string) (StreamConn, error) {
	return f(ctx, address)
}

// PacketListenerFunc is a [PacketListener] that is a function.
type PacketListenerFunc func(ctx context.Context) (net.PacketConn, error)

// ListenPacket calls f.
func (f PacketListenerFunc) ListenPacket(ctx context.Context) (net.PacketConn, error) { return f(ctx) }

// StreamDialerFrom returns a [StreamDialer] that dials "tcp" with d, which must not be nil.
// Conns that are a [StreamConn] are handed out as they are. For others, a tls.Conn for
// instance, CloseWrite is the conn's own, or an error that is errors.ErrUnsupported if it
// has none; and CloseRead makes every Read return [io.EOF], while the peer is not told.
func StreamDialerFrom(d ContextDialer) StreamDialer {
	return StreamDialerFunc(func(ctx context.Context, address string) (StreamConn, error) {
		c, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		if s, ok := c.(StreamConn); ok {
			return s, nil
		}
		return &streamConn{Conn: c}, nil
	})
}

// PacketListenerFrom returns a [PacketListener] whose sockets are listened for with l,
// which must not be nil. Network and address are of one's own side: "udp" and ":0", or an
// address to send from.
func PacketListenerFrom(l ListenConfig, network, address string) PacketListener {
	return PacketListenerFunc(func(ctx context.Context) (net.PacketConn, error) {
		return l.ListenPacket(ctx, network, address)
	})
}

// streamConn adds what a conn lacks of a StreamConn.
type streamConn struct {
	net.Conn

	ended atomic.Bool // by CloseRead
}

// NetConn returns the conn below.
func (c *streamConn) NetConn() net.Conn { return c.Conn }

func (c *streamConn) Read(p []byte) (int, error) {
	if c.ended.Load() {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	if err != nil && c.ended.Load() {
		return n, io.EOF
	}
	return n, err
}

func (c *streamConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline keeps Reads from waiting again after CloseRead.
func (c *streamConn) SetReadDeadline(t time.Time) error {
	if c.ended.Load() {
		return nil
	}
	err := c.Conn.SetReadDeadline(t)
	if c.ended.Load() {
		return c.Conn.SetReadDeadline(past)
	}
	return err
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

func (c *streamConn) CloseRead() error {
	if half, ok := c.Conn.(interface{ CloseRead() error }); ok {
		return half.CloseRead()
	}
	c.ended.Store(true)
	return c.Conn.SetReadDeadline(past)
}

func (c *streamConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return &Error{Op: "close write", Err: errors.ErrUnsupported}
}
