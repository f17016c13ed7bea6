package netstack

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/tunx"
)

// forward passes on the packet p, which it changes, or tells its sender why it does not, and
// reports whether the engine has nothing to do with it. The engine gets what the stack or
// all nodes are meant to get, and what is no proper packet: where it passes on packets
// itself it reads the TTL from memory that it has given back.
func (l *link) forward(p []byte, o tunx.Offload) bool {
	src, dst, length := ends(p)
	if length == 0 || dst.IsMulticast() || dst == broadcast {
		return false
	}
	p = p[:length]
	h, ok := l.s.hop(dst)
	if ok && h.link == nil || (!ok || h.link == l) && l.promiscuous() {
		return false
	}
	switch {
	case !ordinary(src) || !ordinary(dst) || sourceRouted(p):
		l.s.engine.Stats().IP.Forwarding.Unrouteable.Increment()
	case ttlOf(p) <= 1:
		l.refuse(p, src, &expired, 0)
	case !ok:
		l.refuse(p, src, &noWay, 0)
	case longest(p, o) > h.mtu && !mayFragment(p):
		l.refuse(p, src, &tooBig, h.mtu)
	default:
		lessTTL(p)
		l.carry(p, o, h)
	}
	return true
}

// ends returns the addresses and the length of a proper packet, whose length is else 0.
func ends(p []byte) (src, dst netip.Addr, length int) {
	switch header.IPVersion(p) {
	case header.IPv4Version:
		if h := header.IPv4(p); h.IsValid(len(p)) && h.IsChecksumValid() {
			return netip.AddrFrom4([4]byte(p[12:])), netip.AddrFrom4([4]byte(p[16:])), int(h.TotalLength())
		}
	case header.IPv6Version:
		if h := header.IPv6(p); h.IsValid(len(p)) {
			return netip.AddrFrom16([16]byte(p[8:])), netip.AddrFrom16([16]byte(p[24:])), header.IPv6MinimumSize + int(h.PayloadLength())
		}
	}
	return src, dst, 0
}

// ordinary reports whether packets from and to an address may go from link to link.
func ordinary(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.Is4In6() && (!a.Is4() || a.As4()[0] != 0)
}

func (l *link) promiscuous() bool {
	at := l.s.handlers.outlets.get(l.id)
	return at != nil && at.promiscuous
}

// longest returns the length of the longest packet that p stands for.
func longest(p []byte, o tunx.Offload) int {
	if o.Segment == 0 {
		return len(p)
	}
	return min(len(p), int(o.HeaderLen)+int(o.Segment))
}

func ttlOf(p []byte) uint8 {
	if header.IPVersion(p) == header.IPv6Version {
		return header.IPv6(p).HopLimit()
	}
	return header.IPv4(p).TTL()
}

// lessTTL makes the TTL smaller by one.
func lessTTL(p []byte) {
	if header.IPVersion(p) == header.IPv6Version {
		header.IPv6(p).SetHopLimit(header.IPv6(p).HopLimit() - 1)
		return
	}
	h := header.IPv4(p)
	h.SetTTL(h.TTL() - 1)
	h.SetChecksum(0)
	h.SetChecksum(^h.CalculateChecksum())
}

// carry writes the packet to where it goes, whole if it may be and else in parts.
func (l *link) carry(p []byte, o tunx.Offload, h hop) {
	pass, most := h.link.pass, h.link.maxSegment
	if h.link == l {
		pass, most = l.passBack, 0
	}
	part := func(q []byte) {
		if len(q) <= h.mtu {
			pass(q, tunx.Offload{})
			return
		}
		if fragments(q, h.mtu, func(f []byte) { pass(f, tunx.Offload{}) }) != nil {
			h.link.stats.txDropped.Add(1)
		}
	}
	switch whole := o.Segment == 0 && !o.NeedsChecksum; {
	case longest(p, o) <= h.mtu && (whole || len(p) <= most):
		pass(p, o)
	case whole:
		part(p)
	default:
		if segments(p, o, part) != nil {
			l.stats.rxDropped.Add(1)
		}
	}
}

// pass writes a packet that came from another link.
func (l *link) pass(p []byte, o tunx.Offload) {
	port := &l.ports[0]
	if len(l.ports) > 1 {
		port = &l.ports[flow(p)%uint32(len(l.ports))] //nolint:gosec // a few queues
	}
	var n int
	var err error
	if port.offload != nil {
		w := scatters.Get().(*scatter)
		defer w.release()
		w.parts = append(w.parts, p)
		n, err = port.offload.WriteOffload(w.parts, o)
	} else {
		n, err = port.dev.Write(p)
	}
	l.stats.sent(n, err)
	if err == nil {
		l.s.forwarded.Add(1)
	}
}

// passBack writes a packet that came from this link. Its reader must not wait for that: two
// routers which send each other what they get would wait for ever.
func (l *link) passBack(p []byte, _ tunx.Offload) {
	if l.outlet().reply([][]byte{p}) == nil {
		l.s.forwarded.Add(1)
	}
}

func (l *link) outlet() *outlet { return &outlet{link: l} }

// flow returns the same number for all packets of a flow (FNV-1a of addresses and ports).
func flow(p []byte) uint32 {
	from, to := 12, 20
	if header.IPVersion(p) == header.IPv6Version {
		from, to = 8, 40
	}
	start, protocol, err := transportOf(p)
	if err == nil && hasPorts(protocol) && start+4 <= len(p) && start == to && !isFragment(p) {
		to += 4
	}
	sum := uint32(2166136261)
	for _, b := range p[from:to] {
		sum = (sum ^ uint32(b)) * 16777619
	}
	return sum
}

func hasPorts(protocol uint8) bool {
	return protocol == uint8(header.TCPProtocolNumber) || protocol == uint8(header.UDPProtocolNumber)
}
