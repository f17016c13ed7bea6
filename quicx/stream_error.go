package quicx

import (
	"errors"
	"io"
	"net"

	"github.com/quic-go/quic-go"
)

var errNotAnnounced = errors.New("the stream does not begin with the announcement: does the peer have StreamConfig.Announce?")

// failed says in the terms of package net why an operation ended. What we did
// ourselves comes first, as quic-go reports its consequences.
func (c *StreamConn) failed(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case c.closed.Load():
		err = net.ErrClosed
	case op == "read" && (c.readClosed.Load() || errors.Is(err, io.EOF)):
		return io.EOF
	case op == "write" && c.writeClosed.Load():
		err = quic.ErrStreamClosed
	default:
		c.noteRefusal(err)
	}
	return &Error{Op: op, Network: "udp", Address: c.conn.RemoteAddr().String(), Err: err}
}

// noteRefusal tells the dialer that the peer takes no more streams.
func (c *StreamConn) noteRefusal(err error) {
	reset, ok := errors.AsType[*quic.StreamError](err)
	if ok && c.refused != nil && reset.Remote && reset.ErrorCode == RefusedCode {
		c.refused()
	}
}
