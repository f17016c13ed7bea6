package quicx

import (
	"net/netip"

	"github.com/quic-go/quic-go"
)

// NoLinger makes the sockets close at once.
func NoLinger(c *Client) { c.linger = 0 }

// BreakSockets closes the sockets under the transports.
func BreakSockets(c *Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.ports {
		p.udp.Close()
	}
}

// Prepared is a config as dialers and listeners get it.
func Prepared(c *quic.Config, listener bool) (*quic.Config, error) {
	var p problems
	s := dialing
	if listener {
		s = listening
	}
	c = prepareQUIC(&p, c, s)
	return c, p.err()
}

// Interleave is the order in which addresses are tried.
func Interleave(ips []netip.Addr) []netip.Addr { return interleave(ips) }
