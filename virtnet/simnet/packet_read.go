package simnet

import (
	"net"
	"net/netip"
)

// Read reads a datagram of the peer, or of anybody if there is none. What does not fit
// into b is lost.
func (c *PacketConn) Read(b []byte) (int, error) {
	n, _, err := c.ReadFromUDPAddrPort(b)
	return n, err
}

// ReadFrom reads a datagram and tells who has sent it. What does not fit into b is lost.
func (c *PacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, c.host.net.addr(UDP, from), nil
}

// ReadFromUDPAddrPort is ReadFrom without an allocation.
func (c *PacketConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	c.mu.Lock()
	for {
		if n, from, err, done := c.tryRead(b); done {
			c.mu.Unlock()
			if err != nil {
				err = c.opError("read", netip.AddrPort{}, err)
			}
			return n, from, err
		}
		c.cond.Wait()
	}
}

// tryRead reads what is there. It reports false if there is nothing.
func (c *PacketConn) tryRead(b []byte) (int, netip.AddrPort, error, bool) { //nolint:revive // the last result is about the others
	none := netip.AddrPort{}
	switch {
	case c.down != 0:
		return 0, none, c.host.net.err(c.down, "read"), true
	case c.late:
		return 0, none, errLate, true
	case c.complaint != 0:
		err := c.host.net.err(c.complaint, "read")
		c.complaint = 0
		return 0, none, err, true
	case len(c.queue) == 0:
		return 0, none, nil, false
	}
	d := c.queue[0]
	c.queue[0] = datagram{}
	if c.queue = c.queue[1:]; len(c.queue) == 0 {
		c.queue = c.queue[:0:cap(c.queue)]
	}
	c.bytes -= len(d.data) + datagramCost
	return copy(b, d.data), d.from, nil, true
}

// put gives a datagram to the socket, which owns it from then on. The reason says why it
// is lost.
func (c *PacketConn) put(data []byte, from netip.AddrPort) Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.down != 0:
		return ReasonClosed
	case c.remote.IsValid() && c.remote != from:
		return ReasonNoListener
	case c.bytes > 0 && c.bytes+len(data)+datagramCost > c.host.net.cfg.BufferBytes:
		return ReasonBuffer
	}
	c.queue = append(c.queue, datagram{data, from})
	c.bytes += len(data) + datagramCost
	c.host.net.sched.wakeOne(&c.cond)
	return 0
}

// complain lets the next call fail, as a kernel does it for a socket that has a peer
// when an ICMP message says that it cannot be reached.
func (c *PacketConn) complain(why cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.remote.IsValid() {
		c.complaint = why
		c.host.net.sched.wake(&c.cond)
	}
}
