package simnet

import (
	"net/netip"
	"time"
)

// nat is a NAT at work.
type nat struct {
	kind     NATKind
	external []netip.Addr
	ports    PortRange
	fate     chance
	rebinds  int64

	flows   *idleTable[natFlow, *mapping]
	inside  map[natInside]*mapping
	outside map[endpoint]*mapping
	used    map[endpoint]int // how many ports of an address, which has port 0 here
}

// endpoint is one of a protocol.
type endpoint struct {
	proto Protocol
	addr  netip.AddrPort
}

// natInside is what a mapping is for: remote is set by symmetric ones only.
type natInside struct {
	host   endpoint
	remote netip.AddrPort
}

// natFlow is what passes a mapping.
type natFlow struct {
	external endpoint
	remote   netip.AddrPort
}

// mapping is there as long as it has flows.
type mapping struct {
	of       natInside
	external endpoint
	flows    int
	remotes  map[netip.Addr]int // flows of each
}

func newNAT(c *NAT, external []netip.Addr, fate chance) *nat {
	n := &nat{kind: c.Kind, external: external, ports: c.Ports, fate: fate}
	if n.ports == (PortRange{}) {
		n.ports = PortRange{1024, 65535}
	}
	n.flows = newIdleTable[natFlow, *mapping](c.UDPTimeout, c.TCPTimeout, c.MaxFlows)
	n.flows.gone = n.gone
	n.forget()
	return n
}

func (n *nat) forget() {
	n.flows.clear()
	n.inside, n.outside, n.used = map[natInside]*mapping{}, map[endpoint]*mapping{}, map[endpoint]int{}
}

// rebind forgets all mappings; hosts get another port from then on.
func (n *nat) rebind() {
	n.forget()
	n.rebinds++
}

// leave returns the source that a packet has outside; false if there is none.
func (n *nat) leave(now time.Duration, p *packet) (netip.AddrPort, bool) {
	n.flows.expire(now)
	of := natInside{host: endpoint{p.proto, p.src}}
	if n.kind == Symmetric {
		of.remote = p.dst
	}
	m, ok := n.inside[of]
	if ok && n.flows.touch(now, natFlow{m.external, p.dst}, p) {
		return m.external.addr, true
	}
	if !ok {
		external, free := n.pick(of)
		if !free {
			return netip.AddrPort{}, false
		}
		m = &mapping{of: of, external: external, remotes: map[netip.Addr]int{}}
	}
	if !n.flows.add(now, natFlow{m.external, p.dst}, m, p) {
		return netip.AddrPort{}, false
	}
	if !ok {
		n.inside[of], n.outside[m.external] = m, m
		n.used[pool(m.external)]++
	}
	m.flows++
	m.remotes[p.dst.Addr()]++
	return m.external.addr, true
}

// enter returns the destination that a packet has inside; false if it is not let
// in.
func (n *nat) enter(now time.Duration, p *packet) (netip.AddrPort, bool) {
	n.flows.expire(now)
	m := n.outside[endpoint{p.proto, p.dst}]
	if m == nil {
		return netip.AddrPort{}, false
	}
	known := n.flows.touch(now, natFlow{m.external, p.src}, p)
	if !known && n.kind != FullCone && (n.kind != Restricted || m.remotes[p.src.Addr()] == 0) {
		return netip.AddrPort{}, false
	}
	return m.of.host.addr, true
}

// gone takes a flow off its mapping.
func (n *nat) gone(f natFlow, m *mapping) {
	if m.remotes[f.remote.Addr()]--; m.remotes[f.remote.Addr()] == 0 {
		delete(m.remotes, f.remote.Addr())
	}
	if m.flows--; m.flows == 0 {
		delete(n.inside, m.of)
		delete(n.outside, m.external)
		n.used[pool(m.external)]--
	}
}

func pool(e endpoint) endpoint {
	return endpoint{e.proto, netip.AddrPortFrom(e.addr.Addr(), 0)}
}

// pick finds a free port at the address that belongs to the host.
func (n *nat) pick(of natInside) (endpoint, bool) {
	host := of.host.addr
	var same []netip.Addr
	for _, a := range n.external {
		if a.Is4() == host.Addr().Is4() {
			same = append(same, a)
		}
	}
	if len(same) == 0 {
		return endpoint{}, false
	}
	addr := same[n.fate.of(forPool).named(host.Addr().String()).below(int64(len(same)))]
	count := int64(n.ports.Last-n.ports.First) + 1
	if int64(n.used[endpoint{of.host.proto, netip.AddrPortFrom(addr, 0)}]) >= count {
		return endpoint{}, false
	}
	at := n.fate.of(forPort).of(uint64(of.host.proto)).named(host.String()).named(of.remote.String()).below(count)
	// Half of the ports further with each rebind: never the one from before.
	at += n.rebinds % count * max(count/2, 1)
	for {
		port := n.ports.First + uint16(at%count) //nolint:gosec // within the range
		e := endpoint{of.host.proto, netip.AddrPortFrom(addr, port)}
		if n.outside[e] == nil {
			return e, true
		}
		at++
	}
}
