package quicx

import (
	"net"
	"time"
)

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// Close ends both directions: what was written still arrives, followed by the
// end of the stream, as long as the QUIC conn lives; the peer is asked to send
// no more (STOP_SENDING with StreamConfig.CloseCode), and what it has sent is
// dropped. Reads and writes that wait fail with [net.ErrClosed]. The QUIC conn
// stays open. A second Close does nothing.
func (c *StreamConn) Close() error {
	c.mu.Lock()
	first := !c.closed.Swap(true)
	if first {
		c.wakeWriter()
	}
	c.mu.Unlock()
	if !first {
		return nil
	}
	c.stream.CancelRead(c.code)
	// An error only says that the peer does not want the rest.
	_ = c.endWriting()
	if c.released != nil {
		c.released()
	}
	return nil
}

// CloseWrite sends the end of the stream after what was written: the peer reads
// io.EOF. A Write that waits ends. Later ones fail with quic.ErrStreamClosed.
func (c *StreamConn) CloseWrite() error {
	c.mu.Lock()
	if c.closed.Load() {
		c.mu.Unlock()
		return c.failed("close write", net.ErrClosed)
	}
	first := !c.writeClosed.Swap(true)
	if first {
		c.wakeWriter()
	}
	c.mu.Unlock()
	if !first {
		return nil
	}
	return c.failed("close write", c.endWriting())
}

// CloseRead asks the peer to send no more (STOP_SENDING with
// StreamConfig.CloseCode) and drops what it has sent: its writes fail with a
// *quic.StreamError. Reads of ours then return io.EOF, as those of a
// *net.TCPConn do.
func (c *StreamConn) CloseRead() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return c.failed("close read", net.ErrClosed)
	}
	c.readClosed.Store(true)
	c.stream.CancelRead(c.code)
	return nil
}

// wakeWriter ends a Write that waits, as quic-go's Close does not. The mutex is
// held, so that no deadline of the caller replaces this one.
func (c *StreamConn) wakeWriter() {
	_ = c.stream.SetWriteDeadline(past) // returns nil
}

// endWriting sends FIN behind the data.
func (c *StreamConn) endWriting() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.stream.Close()
}

// refuse resets both directions with RefusedCode.
func (c *StreamConn) refuse() {
	c.closed.Store(true)
	c.stream.CancelRead(RefusedCode)
	c.stream.CancelWrite(RefusedCode)
}
