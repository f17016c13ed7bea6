package netstack

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// refusal is why a packet is not passed on, and how ICMP says so. See RFC 792, RFC 1191
// and RFC 4443.
type refusal struct {
	kind, code [2]uint8 // of ICMP and of ICMPv6
	counter    func(*tcpip.IPForwardingStats) *tcpip.StatCounter
	sent       func(*tcpip.ICMPStats) [2]*tcpip.StatCounter
}

var (
	expired = refusal{
		kind: [2]uint8{11, 3}, code: [2]uint8{0, 0},
		counter: func(f *tcpip.IPForwardingStats) *tcpip.StatCounter { return f.ExhaustedTTL },
		sent: func(s *tcpip.ICMPStats) [2]*tcpip.StatCounter {
			return [2]*tcpip.StatCounter{s.V4.PacketsSent.TimeExceeded, s.V6.PacketsSent.TimeExceeded}
		},
	}
	noWay = refusal{
		kind: [2]uint8{3, 1}, code: [2]uint8{0, 0},
		counter: func(f *tcpip.IPForwardingStats) *tcpip.StatCounter { return f.Unrouteable },
		sent: func(s *tcpip.ICMPStats) [2]*tcpip.StatCounter {
			return [2]*tcpip.StatCounter{s.V4.PacketsSent.DstUnreachable, s.V6.PacketsSent.DstUnreachable}
		},
	}
	tooBig = refusal{
		kind: [2]uint8{3, 2}, code: [2]uint8{4, 0},
		counter: func(f *tcpip.IPForwardingStats) *tcpip.StatCounter { return f.PacketTooBig },
		sent: func(s *tcpip.ICMPStats) [2]*tcpip.StatCounter {
			return [2]*tcpip.StatCounter{s.V4.PacketsSent.DstUnreachable, s.V6.PacketsSent.PacketTooBig}
		},
	}
)

// refuse tells the sender of a packet from this link why it is not passed on.
func (l *link) refuse(p []byte, src netip.Addr, why *refusal, mtu int) {
	stats := l.s.engine.Stats()
	why.counter(&stats.IP.Forwarding).Increment()
	back, ok := l.s.hop(src)
	from, known := l.sourceOf(src)
	if !ok || back.link == nil || !known || !answerable(p) {
		return
	}
	family, limited, limit := 0, stats.ICMP.V4.PacketsSent.RateLimited, 576-headerIPv4-headerICMP // RFC 1812 4.3.2.3
	if src.Is6() {
		family, limited, limit = 1, stats.ICMP.V6.PacketsSent.RateLimited, 1280-headerIPv6-headerICMP // RFC 4443 2.4
	}
	if !l.s.engine.AllowICMPMessage() {
		limited.Increment()
		return
	}
	m := newICMP(from, src, p[:min(len(p), limit)])
	defer m.release()
	m.header[0], m.header[1] = why.kind[family], why.code[family]
	binary.BigEndian.PutUint16(m.header[6:], uint16(mtu)) //nolint:gosec // at most 65535
	m.sum()
	if back.link.outlet().reply([][]byte{m.ipHeader(headerICMP + len(m.payload)), m.header[:], m.payload}) == nil {
		why.sent(&stats.ICMP)[family].Increment()
	}
}

// answerable reports whether errors may be sent about the packet: not about errors, and not
// about what might be a part of one (RFC 1122, 3.2.2; RFC 4443, 2.4).
func answerable(p []byte) bool {
	if header.IPVersion(p) == header.IPv4Version {
		h := header.IPv4(p)
		if h.FragmentOffset() != 0 {
			return false
		}
		rest := p[h.HeaderLength():]
		return h.Protocol() != uint8(ICMPv4) || len(rest) > 0 && slices.Contains(icmpQueries, rest[0])
	}
	next, rest := p[6], p[headerIPv6:]
	for isExtension(next) {
		if len(rest) < 8 || next == extensionFragment && binary.BigEndian.Uint16(rest[2:])&^7 != 0 {
			return false
		}
		n := 8
		if next != extensionFragment {
			n += 8 * int(rest[1])
		}
		if n > len(rest) {
			return false
		}
		next, rest = rest[0], rest[n:]
	}
	return next != uint8(ICMPv6) || len(rest) > 0 && rest[0] >= 128
}

// icmpQueries are the types of ICMP that are no errors: echo, timestamp and their replies.
var icmpQueries = []uint8{0, 8, 13, 14}

const extensionFragment = 44

// isExtension reports whether a header of IPv6 comes before the payload's (RFC 8200, 4.1).
func isExtension(next uint8) bool {
	return next == 0 || next == 43 || next == extensionFragment || next == 60
}
