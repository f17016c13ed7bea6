package netstack

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// packetConn is what conns of datagrams have in common.
type packetConn struct {
	e         *endpoint
	n         network
	local     net.Addr
	remote    net.Addr // nil when it is not connected
	connected bool

	in, out gate
	dst     datagramWriter    // of a read; in.turn holds it
	src     bytes.Reader      // of a write; out.turn holds it, and to
	to      tcpip.FullAddress // escapes to the engine: kept here it is no garbage
}

// open is called once, before the conn is handed out.
func (c *packetConn) open(e *endpoint, n network) {
	c.e, c.n = e, n
	c.local = n.addr(e.boundTo())
	if a, err := e.ep.GetRemoteAddress(); err == nil {
		c.connected, c.remote = true, n.addr(e.s.addrPort(a))
	}
	c.in.open(e.wq, waiter.ReadableEvents|waiter.EventErr|waiter.EventHUp)
	c.out.open(e.wq, waiter.WritableEvents|waiter.EventErr|waiter.EventHUp)
}

// datagramWriter takes the part of a datagram that fits.
type datagramWriter struct{ p []byte }

func (w *datagramWriter) Write(p []byte) (int, error) {
	w.p = w.p[copy(w.p, p):]
	return len(p), nil
}

// receive reads a datagram and cuts it to p.
func (c *packetConn) receive(p []byte, from bool) (n int, addr tcpip.FullAddress, err error) {
	c.in.turn.Lock()
	defer c.in.turn.Unlock()
	for {
		if err := c.in.err(); err != nil {
			return 0, addr, err
		}
		c.dst.p = p
		res, err := c.e.ep.Read(&c.dst, tcpip.ReadOptions{NeedRemoteAddr: from})
		c.dst.p = nil
		switch err.(type) {
		case nil:
			return min(res.Count, len(p)), res.RemoteAddr, nil
		case *tcpip.ErrWouldBlock:
			c.in.wait()
		default:
			return 0, addr, c.e.cause(err)
		}
	}
}

// send writes a datagram; to is the zero AddrPort for the peer that it is connected to.
func (c *packetConn) send(p []byte, to netip.AddrPort) (int, error) {
	c.out.turn.Lock()
	defer c.out.turn.Unlock()
	var opts tcpip.WriteOptions
	if to.IsValid() {
		full, err := c.e.s.fullAddress(to)
		if err != nil {
			return 0, err
		}
		c.to, opts.To = full, &c.to
	}
	defer c.src.Reset(nil)
	for {
		if err := c.out.err(); err != nil {
			return 0, err
		}
		c.src.Reset(p)
		n, err := c.e.ep.Write(&c.src, opts)
		switch err.(type) {
		case nil:
			return int(n), nil
		case *tcpip.ErrWouldBlock:
			c.out.wait()
		default:
			return 0, c.e.cause(err)
		}
	}
}

// Read reads a datagram, from any peer when the conn is not connected to one, and waits for
// it. What is longer than p is cut.
func (c *packetConn) Read(p []byte) (int, error) {
	n, _, err := c.receive(p, false)
	return n, c.fail("read", c.remote, err)
}

// Write writes a datagram to the peer that the conn is connected to. An empty one is sent.
func (c *packetConn) Write(p []byte) (int, error) {
	n, err := c.send(p, netip.AddrPort{})
	return n, c.fail("write", c.remote, err)
}

// ReadFrom reads a datagram as Read does, and says whose it is. IPv4 addresses are never
// mapped to IPv6.
func (c *packetConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.receive(p, true)
	if err != nil {
		return n, nil, c.fail("read", c.remote, err)
	}
	return n, c.n.addr(c.e.s.addrPort(from)), nil
}

// writeTo is the WriteTo of each kind of conn.
func (c *packetConn) writeTo(p []byte, to netip.AddrPort, addr net.Addr) (int, error) {
	if c.connected {
		return 0, c.fail("write", addr, net.ErrWriteToConnected)
	}
	ip, err := c.target(to.Addr())
	if err != nil {
		return 0, c.fail("write", addr, err)
	}
	n, err := c.send(p, netip.AddrPortFrom(ip, to.Port()))
	return n, c.fail("write", addr, err)
}

var errMissingAddress = errors.New("missing address")

// target returns the address to send to: this stack for an unspecified one, as for a dial.
func (c *packetConn) target(ip netip.Addr) (netip.Addr, error) {
	ip = ip.Unmap()
	switch {
	case !ip.IsValid():
		return ip, errMissingAddress
	case !c.n.allows(ip), c.e.network == IPv4 && !ip.Is4():
		return ip, &net.AddrError{Err: "non-" + c.family() + " address", Addr: ip.String()}
	case ip == netip.IPv4Unspecified():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	case ip.IsUnspecified():
		return netip.IPv6Loopback(), nil
	}
	return ip, nil
}

// address returns the address of a net.Addr: one without an IP is the unspecified one.
func (c *packetConn) address(ip net.IP, zone string) netip.Addr {
	switch a, _ := netip.AddrFromSlice(ip); {
	case len(ip) > 0:
		return a.WithZone(zone)
	case c.e.network == IPv4:
		return netip.IPv4Unspecified()
	default:
		return netip.IPv6Unspecified()
	}
}

func (c *packetConn) family() string {
	if c.e.network == IPv4 {
		return "IPv4"
	}
	return "IPv6"
}

// Close closes the conn: a call that waits returns [net.ErrClosed].
func (c *packetConn) Close() error {
	was := c.in.close()
	if !c.out.close() || !was {
		return c.fail("close", c.remote, net.ErrClosed)
	}
	c.e.close()
	return nil
}

// Endpoint returns the conn's endpoint, whose RecvMsg and SendMsg have what a datagram says
// besides its data. What is done there is seen here.
func (c *packetConn) Endpoint() Endpoint { return c.e }

// LocalAddr returns the local address, also after Close.
func (c *packetConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer that the conn is connected to, or nil.
func (c *packetConn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines. Their error is [os.ErrDeadlineExceeded]; the zero time is
// none.
func (c *packetConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of reads, of those that wait too.
func (c *packetConn) SetReadDeadline(t time.Time) error { return c.setFail(c.in.set(t)) }

// SetWriteDeadline sets the deadline of writes, of those that wait too.
func (c *packetConn) SetWriteDeadline(t time.Time) error { return c.setFail(c.out.set(t)) }

func (c *packetConn) setFail(err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: "set", Net: c.n.name, Addr: c.local, Err: err}
}

// fail returns err in the shape of package net, and nil for nil.
func (c *packetConn) fail(op string, addr net.Addr, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: c.n.name, Source: c.local, Addr: addr, Err: err}
}
