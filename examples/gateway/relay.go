package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// A relay forwards bytes between two conns, in both directions at once. The
// end of one direction is passed on alone (half-close), and anything but an
// end as a reset. The client's listener cuts what is idle or too old, by closing
// its conn: all that moves in a session moves on that one.
type relay struct {
	client, server net.Conn
	sent, received int64 // to and from the server; valid after run
}

// run forwards until both directions have ended, and closes both conns. It
// cuts them when ctx is done.
func (r *relay) run(ctx context.Context) error {
	var once sync.Once
	var cause error
	abort := func(err error) {
		once.Do(func() {
			cause = err
			reset(r.client)
			reset(r.server)
		})
	}
	linger(r.client, 0) // whoever closes it before its end resets it
	stop := context.AfterFunc(ctx, func() { abort(context.Cause(ctx)) })
	var wg sync.WaitGroup
	forward := func(dst, src net.Conn, n *int64) {
		if err := forward(dst, src, n); err != nil {
			abort(err)
		}
	}
	wg.Go(func() { forward(r.server, r.client, &r.sent) })
	forward(r.client, r.server, &r.received)
	wg.Wait()
	stop()
	once.Do(func() {
		linger(r.client, -1)
		r.client.Close()
		r.server.Close()
	})
	return cause
}

// forward copies one direction to its end and passes the end on.
func forward(dst, src net.Conn, total *int64) error {
	n, err := copyAll(dst, src)
	*total += n
	if err != nil {
		return err
	}
	return closeWrite(dst)
}

// copyAll copies to the end of src. Between two TCP conns the bytes stay in the
// kernel: their ReadFrom and WriteTo splice, also those of a listener's conns.
func copyAll(dst, src net.Conn) (int64, error) {
	switch {
	case src.LocalAddr().Network() == "unixpacket":
		return copyPackets(dst, src)
	case secure(dst) || secure(src):
		buf := buffers.Get().(*[16 << 10]byte)
		defer buffers.Put(buf)
		// Without the wrappers a conn would allocate a buffer of its own.
		return io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, buf[:])
	}
	return io.Copy(dst, src)
}

// buffers holds what copyAll uses when the kernel cannot copy by itself. The
// size is that of a TLS record; a session without traffic keeps two.
var buffers = sync.Pool{New: func() any { return new([16 << 10]byte) }}

// secure says whether a conn has TLS, or is a stream of QUIC.
func secure(c net.Conn) bool {
	switch c.(type) {
	case *tls.Conn, *patrolled:
		return true
	}
	return false
}

// errPacketTooLong says that a packet would have been cut.
var errPacketTooLong = fmt.Errorf("a packet is longer than %d bytes", maxPacket)

// maxPacket bounds a packet of a unixpacket socket, in bytes.
const maxPacket = 64 << 10

// copyPackets writes each packet at once. The buffer has a byte more than a
// packet may have, so that none is cut unseen.
func copyPackets(dst io.Writer, src io.Reader) (total int64, err error) {
	buf := make([]byte, maxPacket+1)
	for {
		n, err := src.Read(buf)
		switch {
		case errors.Is(err, io.EOF):
			return total, nil
		case err != nil:
			return total, err
		case n > maxPacket:
			return total, errPacketTooLong
		}
		if _, err := dst.Write(buf[:n]); err != nil {
			return total, err
		}
		total += int64(n)
	}
}

// closeWrite ends one direction: FIN for TCP, close_notify for TLS.
func closeWrite(c net.Conn) error {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return c.Close()
}
