package netstack

import (
	"net"
	"net/netip"
)

// PingConn sends ICMP echo requests and receives the replies to them. What is written and
// read are ICMP messages from their type on: the stack fills in the identifier, which is
// the conn's own, and the checksum; sequence number and data are the caller's. Other
// messages than echo requests are refused. Its methods may be called at the same time.
type PingConn struct{ packetConn }

var (
	_ net.Conn       = (*PingConn)(nil)
	_ net.PacketConn = (*PingConn)(nil)
)

func newPingConn(e *endpoint, n network) *PingConn {
	c := new(PingConn)
	c.open(e, n)
	return c
}

// Identifier returns the identifier of the conn's requests and replies.
func (c *PingConn) Identifier() uint16 { return c.e.boundTo().Port() }

// WriteTo writes a request to addr, a [*net.IPAddr]. A conn that is connected says
// [net.ErrWriteToConnected].
func (c *PingConn) WriteTo(p []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.IPAddr)
	if !ok || to == nil {
		return 0, c.fail("write", addr, errNotIP)
	}
	return c.writeTo(p, netip.AddrPortFrom(c.address(to.IP, to.Zone), 0), addr)
}

var errNotIP = &net.AddrError{Err: "not a *net.IPAddr"}
