package dtlsx

import (
	"context"
	"net"
	"time"
)

// Shake makes a server's conn above a link of one peer, as a listener does.
func Shake(ctx context.Context, cfg *Config, link net.PacketConn, peer net.Addr) (*Conn, error) {
	var p problems
	n := newProtocol(cfg, server, &p)
	if err := p.err(); err != nil {
		return nil, err
	}
	c, err := newConn(n, link, peer, "")
	if err != nil {
		return nil, err
	}
	if err := c.handshake(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// FailWrite is what Write returns when the library fails with err.
func FailWrite(c *Conn, err error) error { return c.writeError(err) }

// CheckConfig says what is wrong with the protocol of a side.
func CheckConfig(cfg *Config, isClient bool) error {
	var p problems
	newProtocol(cfg, side(isClient), &p)
	return p.err()
}

// Fields of tls.Config that are known.
var (
	Carried = carried
	Refused = refused
)

// SetClock replaces the clock of a cache.
func SetClock(c *SessionCache, now func() time.Time) { c.now = now }

// Link is what is below a conn.
func Link(c *Conn) net.PacketConn { return c.link }

// ErrMessageSize is the error number of what is too long for a datagram.
var ErrMessageSize error = errMessageSize
