package dtlsx

import (
	"context"
	"net"
	"net/netip"

	"github.com/strata-net/strata/sockopt"
)

// attempt opens a socket for one address and shakes hands there.
func (d *dialer) attempt(ctx context.Context, target netip.AddrPort, name string) (*Conn, error) {
	link, err := d.open(ctx, target)
	if err != nil {
		return nil, err
	}
	c, err := newConn(d.proto, link, link.peer, name)
	if err != nil {
		link.Close()
		return nil, err
	}
	if err := c.handshake(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// open connects a socket, so that the kernel says when the port is closed and
// passes only what the peer sends.
func (d *dialer) open(ctx context.Context, target netip.AddrPort) (*udpLink, error) {
	network := "udp6"
	if target.Addr().Is4() {
		network = "udp4"
	}
	failed := func(op string, err error) error {
		return &Error{Op: op, Network: network, Address: target.String(), Err: err}
	}
	options := d.Options
	nd := net.Dialer{Control: options.Control}
	if d.local.IsValid() {
		nd.LocalAddr = net.UDPAddrFromAddrPort(d.local)
	}
	conn, err := nd.DialContext(ctx, network, target.String())
	if err != nil {
		return nil, failed("connect", err)
	}
	udp := conn.(*net.UDPConn)
	if err := set(options, network, udp); err != nil {
		udp.Close()
		return nil, failed("set option", err)
	}
	return &udpLink{UDPConn: udp, peer: udp.RemoteAddr()}, nil
}

// set applies what comes after connect, and reads all of it back.
func set(o sockopt.Options, network string, c *net.UDPConn) error {
	if len(o) == 0 {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	if err := o.ApplyStage(sockopt.Established, network, raw); err != nil {
		return err
	}
	return o.Verify(c)
}

// A udpLink is a connected socket as the library wants it. It gives the same
// address for every datagram, which costs nothing.
type udpLink struct {
	*net.UDPConn

	peer net.Addr
}

// ReadFrom reads a datagram of the peer.
func (l *udpLink) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := l.Read(b)
	return n, l.peer, err
}

// WriteTo writes to the peer, whatever address it is given.
func (l *udpLink) WriteTo(b []byte, _ net.Addr) (int, error) { return l.Write(b) }
