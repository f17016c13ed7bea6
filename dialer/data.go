package dialer

import (
	"context"
	"errors"
	"net"
	"time"
)

// DialData dials with d and sends data as the first bytes of the conn. When it returns a conn, the peer is there and
// all of data has been handed to the kernel.
//
// A dialer of this package without TLS saves a round trip with TCP Fast Open (RFC 7413): data travels with the SYN
// when the kernel has a cookie of the server, which it gets with the first dial. [FastOpened] tells whether that came
// to pass. Such data may reach a server twice, or also reach another address of the same name when their dials race:
// it has to be safe to repeat, as the RFC demands. Where there is no Fast Open (another platform, the sysctl
// net.ipv4.tcp_fastopen without bit 1, no cookie, Multipath TCP, an option TCP_FASTOPEN_CONNECT=false, a network that is
// not TCP) the data is written after the connect; with TLS after the handshake, behind proxies after their consent, and
// with another Dialer after its DialContext. On udp the data is one datagram.
func DialData(ctx context.Context, d Dialer, network, address string, data []byte) (net.Conn, error) {
	own, ok := d.(*dialer)
	switch {
	case ctx == nil:
		return nil, &Error{Op: "dial", Network: network, Address: address, Err: errNoContext}
	case ok:
		return own.dialData(ctx, network, address, data)
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return send(ctx, conn, network, address, data)
}

// dialData keeps the sending within Config.Timeout.
func (d *dialer) dialData(ctx context.Context, network, address string, data []byte) (net.Conn, error) {
	if d.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d.timeout, errTimeout)
		defer cancel()
	}
	return d.dial(ctx, network, address, data)
}

// send writes data until the context ends. It returns the conn, or closes it and returns an error.
func send(ctx context.Context, conn net.Conn, network, address string, data []byte) (net.Conn, error) {
	if len(data) == 0 {
		return conn, nil
	}
	stop := context.AfterFunc(ctx, func() { interrupt(conn) })
	_, err := conn.Write(data)
	if !stop() || err != nil {
		conn.Close()
		if ended := ctx.Err(); ended != nil {
			err = ended
		}
		return nil, &Error{Op: "write", Network: network, Address: address, Err: err}
	}
	return conn, nil
}

// aMomentAgo is a deadline that has passed.
var aMomentAgo = time.Unix(1, 0)

// interrupt wakes whoever writes.
func interrupt(conn net.Conn) {
	if err := conn.SetWriteDeadline(aMomentAgo); err != nil && !errors.Is(err, net.ErrClosed) {
		conn.Close() // a conn of a foreign dialer without deadlines
	}
}
