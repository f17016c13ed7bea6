package simnet

import (
	"net/netip"
	"time"
)

// What goes from host to host at once has two events, of the same time.

// traceDirect notes bytes that were written. The caller holds the lock of the half.
func (c *Conn) traceDirect(h *half, bytes int) {
	n := c.host.net
	if !n.trace.on() {
		return
	}
	e := c.event(KindSend, StepData)
	e.Seq, e.Size = h.written-uint64(bytes), bytes //nolint:gosec // not negative
	if n.cfg.CaptureBytes > 0 {
		e.Data = make([]byte, min(bytes, n.cfg.CaptureBytes))
		h.buffer.peek(e.Data, e.Seq-h.consumed)
	}
	h.noted.Store(h.written)
	n.addTwice(e)
}

// traceDial notes a dial that was answered.
func (c *Conn) traceDial() {
	if c.host.net.trace.on() {
		c.host.net.addTwice(c.event(KindDial, StepSYN))
		c.host.net.addTwice(c.peer.event(KindAccept, StepSYNACK))
	}
}

// traceEnd notes the end of a direction, or of the conn, at an offset.
func (c *Conn) traceEnd(abort bool, at uint64) {
	if !c.host.net.trace.on() {
		return
	}
	kind, step := KindClose, StepFIN
	if abort {
		kind, step = KindReset, StepRST
	}
	e := c.event(kind, step)
	e.Seq = at
	if !abort {
		c.out.noted.Store(at + 1)
	}
	c.host.net.addTwice(e)
}

// event makes an event of the conn.
func (c *Conn) event(kind Kind, step Step) Event {
	return Event{
		Time: c.host.net.Now(), Kind: kind, Step: step, Protocol: TCP,
		Source: c.host.name, Destination: c.peer.host.name, From: c.local, To: c.remote,
		Flow: c.flow.Load(), Number: uint64(c.packets.Add(1) - 1), Ack: c.in.noted.Load(),
	}
}

// addTwice notes that a packet was sent and delivered.
func (n *Network) addTwice(e Event) { n.trace.addTwice(e) }

// traceRefused notes a dial to a port where nobody listens. It had no port yet.
func (h *Host) traceRefused(to *Host, local netip.Addr, remote netip.AddrPort) {
	n := h.net
	if !n.trace.on() {
		return
	}
	e := Event{
		Time: n.Now(), Kind: KindDial, Step: StepSYN, Protocol: TCP, Source: h.name, Destination: to.name,
		From: netip.AddrPortFrom(local, 0), To: remote,
	}
	e.Flow = uint64(n.seedOf(e.From, e.To).of(uint64(e.Time))) //nolint:gosec // any number will do
	n.addTwice(e)
	e.Kind, e.Step, e.Reason = KindRefuse, StepRST, ReasonNoListener
	e.Source, e.Destination, e.From, e.To = e.Destination, e.Source, e.To, e.From
	n.addTwice(e)
}

// traceDirect notes a datagram, with the time before it arrived: it may have been
// answered by now.
func (c *PacketConn) traceDirect(now time.Duration, to *Host, b []byte, from, at netip.AddrPort, why Reason) {
	n := c.host.net
	e := Event{
		Time: now, Kind: KindSend, Step: StepDatagram, Protocol: UDP, Source: c.host.name, Destination: to.name,
		From: from, To: at, Size: len(b), Data: n.captured(b),
	}
	e.Flow, e.Number = c.count(from, at)
	n.trace.add(e)
	e.Kind = KindDeliver
	if why != 0 {
		e.Kind, e.Reason = KindDrop, why
	}
	n.trace.add(e)
}
