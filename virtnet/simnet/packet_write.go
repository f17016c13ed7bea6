package simnet

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// Write sends a datagram to the peer.
func (c *PacketConn) Write(b []byte) (int, error) {
	if !c.remote.IsValid() {
		return 0, c.opError("write", netip.AddrPort{}, c.host.net.err(noPeer, "write"))
	}
	return c.send(b, c.remote)
}

// WriteTo sends a datagram to a *net.UDPAddr or a *virtnet.Addr. It may get lost without
// an error.
func (c *PacketConn) WriteTo(b []byte, to net.Addr) (int, error) {
	at, err := c.host.target(to)
	if why := c.isDown(); why != 0 {
		err = c.host.net.err(why, "write")
	}
	if err != nil {
		return 0, &net.OpError{Op: "write", Net: c.host.net.proto(UDP), Source: c.LocalAddr(), Err: err}
	}
	return c.WriteToUDPAddrPort(b, at)
}

// WriteToUDPAddrPort is WriteTo for an address that is known.
func (c *PacketConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if c.remote.IsValid() {
		return 0, c.opError("write", to, net.ErrWriteToConnected)
	}
	a := to.Addr().Unmap().WithZone("")
	if a.IsUnspecified() {
		a = netip.AddrFrom4([4]byte{127, 0, 0, 1}) // the host itself, as systems have it
	}
	return c.send(b, netip.AddrPortFrom(a, to.Port()))
}

// target returns what an address means.
func (h *Host) target(to net.Addr) (netip.AddrPort, error) {
	switch a := to.(type) {
	case *net.UDPAddr:
		if a == nil || !isPort(a.Port) {
			break
		}
		at := a.AddrPort()
		if !at.Addr().IsValid() {
			at = netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port())
		}
		return at, nil
	case *virtnet.Addr:
		if a == nil || !isPort(a.Port) || a.Net != "" && a.Net != h.net.name {
			break
		}
		to := h.net.Host(a.Host)
		if to == nil {
			break
		}
		return netip.AddrPortFrom(to.addrs[0], uint16(a.Port)), nil //nolint:gosec // of an address of this network
	}
	return netip.AddrPort{}, &net.AddrError{Err: "no address of this network", Addr: fmt.Sprint(to)}
}

// isPort reports whether a number is one, so that none is cut to another.
func isPort(n int) bool { return 0 <= n && n <= lastPort }

// send sends a datagram.
func (c *PacketConn) send(b []byte, to netip.AddrPort) (int, error) {
	if why := c.cannot(b); why != 0 {
		return 0, c.writeError(why, to)
	}
	from := c.local
	if !from.Addr().IsValid() {
		a, ok := c.host.source(to.Addr())
		if !ok {
			return 0, c.opError("write", to, c.host.net.err(noFamily, "write"))
		}
		from = netip.AddrPortFrom(a, from.Port())
	}
	if from.Addr().Is4() != to.Addr().Is4() || !to.Addr().IsValid() {
		return 0, c.opError("write", to, c.host.net.err(noFamily, "write"))
	}
	if near := c.nearby(to.Addr()); near != nil {
		c.hand(near, b, from, to)
		return len(b), nil
	}
	n := c.host.net
	p := &packet{
		proto: UDP, step: StepDatagram, src: from, dst: to, from: c.host, sock: c,
		payload: slices.Clone(b), data: len(b), size: UDP.headers(to.Addr()) + len(b),
	}
	p.flow, p.number = c.count(from, to)
	p.capture = n.captured(p.payload)
	if why := c.reserve(p.room()); why != 0 {
		return 0, c.writeError(why, to)
	}
	n.sched.add(&job{
		at: n.sched.soon(), src: c.host.name, dst: n.nameOf(to.Addr()), flow: p.flow, number: p.number,
		kind: jobSend, p: p, host: c.host,
	})
	return len(b), nil
}

// isDown returns why the socket is closed, 0 if it is not.
func (c *PacketConn) isDown() cause {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.down
}

// writeError says why nothing was sent; cancelled is that it is too late.
func (c *PacketConn) writeError(why cause, to netip.AddrPort) error {
	if why == cancelled {
		return c.opError("write", to, errLate)
	}
	return c.opError("write", to, c.host.net.err(why, "write"))
}

// cannot says why nothing can be sent.
func (c *PacketConn) cannot(b []byte) cause {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.down != 0 || c.tooLate:
		return or(c.down, cancelled)
	case c.complaint != 0:
		why := c.complaint
		c.complaint = 0
		return why
	case len(b) > maxDatagram:
		return tooLong
	}
	return 0
}

// room is what a datagram takes until it has left its host.
func (p *packet) room() int { return p.data + datagramCost }

// reserve waits for room for a datagram that is to leave.
func (c *PacketConn) reserve(bytes int) cause {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.down == 0 && !c.tooLate {
		if c.leaving == 0 || c.leaving+bytes <= c.host.net.cfg.BufferBytes {
			c.leaving += bytes
			return 0
		}
		c.room.Wait()
	}
	return or(c.down, cancelled)
}

// left gives the room back.
func (c *PacketConn) left(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving -= bytes
	c.host.net.sched.wake(&c.room)
}

// nearby returns the host that datagrams to an address reach at once, nil if there is
// none.
func (c *PacketConn) nearby(a netip.Addr) *Host {
	n := c.host.net
	gen := n.fabric.gen.Load()
	if last := c.near.Load(); last != nil && last.gen == gen && last.addr == a && last.host.status.Load() != hostClosed {
		return last.host
	}
	to := c.host.peer(a)
	if to == nil || !n.direct(c.host, to) {
		return nil
	}
	c.near.Store(&nearby{a, to, gen})
	return to
}

// hand gives a datagram to a socket of a host at once.
func (c *PacketConn) hand(to *Host, b []byte, from, at netip.AddrPort) {
	n := c.host.net
	s := to.socket(at)
	now := time.Duration(0)
	if n.trace.on() {
		now = n.Now()
	}
	why := ReasonNoListener
	if s != nil {
		why = s.put(slices.Clone(b), from)
	}
	if why == ReasonNoListener {
		c.complain(refused)
	}
	if n.trace.on() {
		c.traceDirect(now, to, b, from, at, why)
	}
}

// maxNumbers bounds the addresses for which a socket counts datagrams.
const maxNumbers = 1 << 16

// count returns the flow of a datagram and its number there: they are the same in each
// run also when several goroutines send, each to somebody else.
func (c *PacketConn) count(from, to netip.AddrPort) (flow, number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.numbers == nil {
		c.numbers = map[netip.AddrPort]uint64{}
	}
	number = c.numbers[to]
	if number == 0 && len(c.numbers) >= maxNumbers {
		clear(c.numbers)
		c.bound++ // other flows from here on
	}
	c.numbers[to] = number + 1
	return uint64(c.host.net.seedOf(from, to).of(uint64(c.bound))), number //nolint:gosec // any number will do
}

// captured copies what the trace keeps of a payload.
func (n *Network) captured(b []byte) []byte {
	if n.cfg.CaptureBytes == 0 || !n.trace.on() {
		return nil
	}
	return slices.Clone(b[:min(len(b), n.cfg.CaptureBytes)])
}

// arriveDatagram gives a datagram to its socket.
func (n *Network) arriveDatagram(now time.Duration, p *packet, v *verdict) {
	s := v.to.socket(p.dst)
	if p.step == StepRST {
		n.delivered(now, p, v.to)
		if s != nil && s.remote == p.src {
			s.complain(refused)
		}
		return
	}
	data := p.payload
	if v.corrupt != 0 && len(data) > 0 {
		data = slices.Clone(data)
		data[v.corrupt%uint64(len(data))] ^= byte(1 + v.corrupt>>32%255)
		p.capture = n.captured(data)
	}
	why := ReasonNoListener
	if s != nil {
		why = s.put(data, p.src)
	}
	if why == 0 {
		n.delivered(now, p, v.to)
		return
	}
	n.note(now, p, KindDrop, why)
	if why == ReasonNoListener {
		v.to.answer(now, p, true)
	}
}
