package netstack

import (
	"math"
	"net"
	"net/netip"
)

// UDPConn is a UDP conn of a stack, with the methods of a [net.UDPConn] and its errors. Its
// methods may be called at the same time. No goroutine belongs to it.
type UDPConn struct{ packetConn }

var (
	_ net.Conn       = (*UDPConn)(nil)
	_ net.PacketConn = (*UDPConn)(nil)
)

func newUDPConn(e *endpoint, n network) *UDPConn {
	c := new(UDPConn)
	c.open(e, n)
	return c
}

// ReadFromUDP is ReadFrom with the type of its address.
func (c *UDPConn) ReadFromUDP(p []byte) (int, *net.UDPAddr, error) {
	n, from, err := c.ReadFromUDPAddrPort(p)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// ReadFromUDPAddrPort is ReadFrom that allocates nothing.
func (c *UDPConn) ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error) {
	n, from, err := c.receive(p, true)
	if err != nil {
		return n, netip.AddrPort{}, c.fail("read", c.remote, err)
	}
	return n, c.e.s.addrPort(from), nil
}

// WriteTo writes a datagram to addr, a [*net.UDPAddr]. A conn that is connected says
// [net.ErrWriteToConnected].
func (c *UDPConn) WriteTo(p []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, c.fail("write", addr, errNotUDP)
	}
	return c.WriteToUDP(p, to)
}

// errPort is of a port that an address of package net can have, and a datagram cannot.
var errPort = newSentinel("port is not 0 to 65535", eInval)

var errNotUDP = &net.AddrError{Err: "not a *net.UDPAddr"}

// WriteToUDP is WriteTo with the type of its address.
func (c *UDPConn) WriteToUDP(p []byte, addr *net.UDPAddr) (int, error) {
	if addr == nil {
		return 0, c.fail("write", nil, errMissingAddress)
	}
	if addr.Port < 0 || addr.Port > math.MaxUint16 {
		return 0, c.fail("write", addr, errPort)
	}
	return c.writeTo(p, netip.AddrPortFrom(c.address(addr.IP, addr.Zone), addr.AddrPort().Port()), addr)
}

// WriteToUDPAddrPort is WriteTo that allocates nothing.
func (c *UDPConn) WriteToUDPAddrPort(p []byte, addr netip.AddrPort) (int, error) {
	n, err := c.writeTo(p, addr, nil)
	if op, ok := err.(*net.OpError); ok && addr.IsValid() { //nolint:errorlint // the one that writeTo made
		op.Addr = net.UDPAddrFromAddrPort(addr)
	}
	return n, err
}
