package lonet

import (
	"net"
	"sync"
	"sync/atomic"
)

// conn is a TCP conn of which more than the handshake's line was read already.
// Everything else is that of the TCP conn.
type conn struct {
	net.Conn

	more atomic.Bool // rest has something
	mu   sync.Mutex
	rest []byte // to read before all else
}

// newConn returns a conn from which rest is read first. It keeps a copy.
func newConn(c net.Conn, rest []byte) *conn {
	n := &conn{Conn: c}
	n.unread(rest)
	return n
}

// unread adds to what is read before all else.
func (c *conn) unread(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest = append(c.rest, p...)
	c.more.Store(len(c.rest) > 0)
}

// Read returns what was read too early, then what comes.
func (c *conn) Read(p []byte) (int, error) {
	if c.more.Load() && len(p) > 0 {
		if n := c.early(p); n > 0 {
			return n, nil
		}
	}
	return c.Conn.Read(p)
}

// early reads what was read too early.
func (c *conn) early(p []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := copy(p, c.rest)
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		c.rest = nil
		c.more.Store(false)
	}
	return n
}
