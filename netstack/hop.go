package netstack

import (
	"net/netip"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// hop is a row of the table by which packets for others are passed on.
type hop struct {
	destination netip.Prefix
	link        *link // nil is the stack itself
	mtu         int
}

// setHops makes the table of the stack's addresses and the route table's rows.
func (s *Stack) setHops() {
	var hops []hop
	for _, n := range s.nics {
		for _, p := range n.addrs {
			hops = append(hops, hop{destination: single(p.Addr())})
			switch {
			case n.link.loop: // which has all addresses of its prefixes
				hops = append(hops, hop{destination: p.Masked()})
			case p.Addr().Is4():
				hops = append(hops, hop{destination: single(broadcastOf(p))})
			}
		}
	}
	for _, r := range s.routes {
		n, ok := s.nics[r.NIC]
		if !ok || n.link.loop {
			continue
		}
		mtu := n.link.dev.MTU()
		if r.MTU != 0 {
			mtu = min(mtu, r.MTU)
		}
		hops = append(hops, hop{r.Destination.Masked(), n.link, mtu})
	}
	s.hops.Store(&hops)
}

// hop returns the way to an address.
func (s *Stack) hop(a netip.Addr) (hop, bool) {
	hops := s.hops.Load()
	if hops == nil {
		return hop{}, false
	}
	i := slices.IndexFunc(*hops, func(h hop) bool { return h.destination.Contains(a) })
	if i < 0 {
		return hop{}, false
	}
	return (*hops)[i], true
}

// isLocal reports whether packets to an address are for the stack alone.
func (s *Stack) isLocal(a netip.Addr) bool {
	h, ok := s.hop(a)
	return ok && h.link == nil
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// broadcastOf returns the broadcast address of an IPv4 prefix, which is the address itself
// where there is none.
func broadcastOf(p netip.Prefix) netip.Addr {
	s := subnet(p)
	if b := s.Broadcast(); s.IsBroadcast(b) {
		return netip.AddrFrom4(b.As4())
	}
	return p.Addr()
}

// sourceOf returns an address of the NIC from which errors about packets from a are sent.
func (l *link) sourceOf(a netip.Addr) (netip.Addr, bool) {
	own := l.own.Load()
	if own == nil {
		return netip.Addr{}, false
	}
	i := slices.IndexFunc(*own, func(b tcpip.Address) bool {
		c, ok := netip.AddrFromSlice(b.AsSlice())
		return ok && c.Is4() == a.Is4() && ordinary(c)
	})
	if i < 0 {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice((*own)[i].AsSlice())
}
