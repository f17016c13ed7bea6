package udpbatch

import (
	"errors"
	"io"
	"net"
	"net/netip"
)

// Read reads one datagram into b. If b is too short the rest of the datagram is
// lost, and the error is io.ErrShortBuffer beside the number of bytes read.
func (c *Conn) Read(b []byte) (int, error) {
	n, _, err := c.read(b)
	return n, err
}

// ReadFrom reads as Read does and returns a *net.UDPAddr. It allocates that;
// ReadFromUDPAddrPort allocates nothing.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.read(b)
	if !from.IsValid() {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), err
}

// ReadFromUDPAddrPort reads as Read does. IPv4 addresses come unmapped.
func (c *Conn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) { return c.read(b) }

func (c *Conn) read(b []byte) (int, netip.AddrPort, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if _, err := c.reader().ReadBatch(c.one[:]); err != nil {
		return 0, netip.AddrPort{}, err
	}
	m := &c.one[0]
	n := copy(b, m.Data)
	if n < len(m.Data) || m.Truncated {
		e := c.failed("read", io.ErrShortBuffer)
		e.Value = aboutMessage(0, len(m.Data))
		return n, m.Addr, e
	}
	return n, m.Addr, nil
}

// Write sends one datagram on a connected Conn.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.udp.Write(b)
	return n, c.wrote(err, len(b), "")
}

var errAddrType = errors.New("the address is not a *net.UDPAddr")

// WriteTo sends one datagram to a *net.UDPAddr on a Conn that is not connected.
func (c *Conn) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok || a == nil {
		return 0, c.wrote(errAddrType, len(b), "")
	}
	n, err := c.udp.WriteTo(b, a)
	if err != nil {
		err = c.wrote(err, len(b), a.String())
	}
	return n, err
}

// WriteToUDPAddrPort sends one datagram on a Conn that is not connected.
func (c *Conn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	n, err := c.udp.WriteToUDPAddrPort(b, to)
	if err != nil {
		err = c.wrote(err, len(b), to.String())
	}
	return n, err
}

// wrote puts an error of a single send into the form of this package.
func (c *Conn) wrote(err error, size int, to string) error {
	if err == nil {
		return nil
	}
	e := c.failed("write", err)
	if to != "" {
		e.Address = to
	}
	e.Value = aboutMessage(0, size)
	return e
}
