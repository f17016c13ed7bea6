package simnet

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"time"
)

// Dial connects to "host:port", where host is the name of a host, an address, or empty
// for the host itself. The conn is a [*Conn].
func (h *Host) Dial(ctx context.Context, addr string) (net.Conn, error) {
	return h.Dialer().DialContext(ctx, "tcp", addr)
}

// connect dials an address. The cause says why it failed.
func (h *Host) connect(ctx context.Context, remote netip.AddrPort) (*Conn, cause) {
	local, ok := h.source(remote.Addr())
	if !ok {
		return nil, noFamily
	}
	c, why := h.dial(ctx, local, remote)
	if why != 0 {
		return nil, or(h.downWhy(), why) // what it was cut off by comes first
	}
	return c, 0
}

// dial goes one of the two ways.
func (h *Host) dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (*Conn, cause) {
	to := h.peer(remote.Addr())
	gen := h.net.fabric.gen.Load()
	if to != nil && h.net.direct(h, to) {
		return h.dialDirect(ctx, gen, to, local, remote)
	}
	return h.dialScheduled(ctx, local, remote)
}

// downWhy returns why the host is down, 0 if it is not.
func (h *Host) downWhy() cause {
	if h.status.Load() == hostUp {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.why
}

// peer returns the host that has an address as this host sees it, nil if none has.
func (h *Host) peer(a netip.Addr) *Host {
	if a.IsLoopback() {
		return h
	}
	return h.net.hostOf(a)
}

// source returns the address from which the host sends to another: of the same family,
// and with the longest common prefix (RFC 6724, rule 8).
func (h *Host) source(to netip.Addr) (netip.Addr, bool) {
	if to.IsLoopback() {
		return to, true
	}
	best, bits := netip.Addr{}, -1
	for _, a := range h.addrs {
		if a == to {
			return a, true
		}
		if n := common(a, to); n > bits {
			best, bits = a, n
		}
	}
	return best, bits >= 0
}

// common returns how many bits two addresses have in common, -1 if they are of
// different families.
func common(a, b netip.Addr) int {
	if a.Is4() != b.Is4() {
		return -1
	}
	for n := a.BitLen(); n >= 0; n-- {
		if p, err := a.Prefix(n); err == nil && p.Contains(b) {
			return n
		}
	}
	return -1 // b is none
}

// dialDirect connects two hosts between which packets pass at once.
func (h *Host) dialDirect(ctx context.Context, gen uint64, to *Host, local netip.Addr, remote netip.AddrPort) (*Conn, cause) {
	l := to.listener(remote)
	if l == nil {
		h.traceRefused(to, local, remote)
		return nil, refused
	}
	if why := l.await(ctx, h); why != 0 {
		return nil, why
	}
	p := newPair(h.net)
	p.halfs[0].gen, p.halfs[1].gen = gen, gen
	a, b := &p.ends[0], &p.ends[1]
	a.host, a.local, a.remote = h, netip.AddrPortFrom(local, 0), remote
	if why := h.bind(a); why != 0 {
		l.unreserve()
		return nil, why
	}
	// Ports come again: what a conn from before has sent after gen has changed may still be
	// on its way.
	flow := uint64(h.net.seedOf(a.local, a.remote).of(gen))
	if h.net.trace.on() {
		flow = uint64(chance(flow).of(uint64(h.net.Now()))) //nolint:gosec // any number will do
	}
	a.flow.Store(flow)
	b.flow.Store(flow)
	b.host, b.local, b.remote = to, remote, a.local
	a.phase.Store(phaseOpen)
	b.phase.Store(phaseOpen)
	b.waits.Store(l)
	if to.keep(b) {
		a.traceDial()
		if l.offer(b) {
			return a, 0
		}
	}
	a.leave()
	b.leave()
	return nil, refused
}

// seedOf returns a number for a flow: the same in each run.
func (n *Network) seedOf(from, to netip.AddrPort) chance {
	c := chance(n.seed)
	for _, a := range [2]netip.AddrPort{from, to} {
		b := a.Addr().As16()
		c = c.of(binary.BigEndian.Uint64(b[:8])).of(binary.BigEndian.Uint64(b[8:]))
		c = c.of(uint64(a.Port()))
	}
	return c
}

// dialScheduled connects by packets.
func (h *Host) dialScheduled(ctx context.Context, local netip.Addr, remote netip.AddrPort) (*Conn, cause) {
	c := &newPair(h.net).plan().ends[0]
	c.host, c.local, c.remote = h, netip.AddrPortFrom(local, 0), remote
	h.mu.Lock()
	why := h.why
	if why == 0 {
		h.dialing[c] = struct{}{}
	}
	h.mu.Unlock()
	if why != 0 {
		return nil, why
	}
	c.flow.Store(uint64(h.net.seedOf(c.local, remote))) // until it has a port: which one, no goroutine decides
	c.ask()
	defer context.AfterFunc(ctx, func() {
		c.in.mu.Lock()
		defer c.in.mu.Unlock()
		c.in.wake()
	})()
	if why := c.connected(ctx); why != 0 {
		c.closed.Store(true)
		c.aborted.Store(true)
		c.ask()
		return nil, why
	}
	return c, 0
}

// connected waits until the conn is there, or cannot be.
func (c *Conn) connected(ctx context.Context) cause {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.readFault != 0:
			return h.readFault
		case c.phaseIs(phaseOpen):
			return 0
		case ctx.Err() != nil:
			return cancelled
		}
		h.cond.Wait()
	}
}

// begin gives a conn that dials a port, and sends the SYN. That is a job, because
// dials of one moment are in no order before.
func (c *Conn) begin(now time.Duration) {
	h := c.host
	if c.aborted.Load() {
		c.leave()
		return
	}
	if why := h.bind(c); why != 0 {
		c.giveUp(why)
		return
	}
	h.mu.Lock()
	delete(h.dialing, c)
	h.mu.Unlock()
	c.flow.Store(uint64(h.net.seedOf(c.local, c.remote).of(uint64(now)))) //nolint:gosec // any number will do
	c.phase.Store(phaseDialing)
	c.syn(now, StepSYN)
}
