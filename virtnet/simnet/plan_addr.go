package simnet

import (
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
)

// prefixes returns the first prefix of each subnet: its own, or the next one that
// is free.
func (p *plan) prefixes() []netip.Prefix {
	list := make([]netip.Prefix, len(p.t.Subnets))
	var all []netip.Prefix
	own := func(field string, prefix netip.Prefix, known bool) {
		switch {
		case !known && prefix == netip.Prefix{}:
			return
		case !prefix.IsValid():
			p.addf(field, prefix, "is not valid")
			return
		case prefix.Addr().Is4In6():
			p.addf(field, prefix, "is of IPv4 in IPv6: write it as IPv4")
			return
		}
		for _, other := range all {
			if other.Overlaps(prefix) {
				p.addf(field, prefix, "overlaps with %v of another subnet", other)
			}
		}
		all = append(all, prefix.Masked())
	}
	for i, s := range p.t.Subnets {
		path := fmt.Sprintf("Subnets[%d].", i)
		own(path+"Prefix", s.Prefix, false)
		own(path+"Prefix6", s.Prefix6, false)
		if s.Prefix6.IsValid() && s.Prefix6.Addr().Is4() {
			p.addf(path+"Prefix6", s.Prefix6, "is not of IPv6")
		}
		if s.Prefix6.IsValid() && s.Prefix.IsValid() && s.Prefix.Addr().Is6() {
			p.addf(path+"Prefix", s.Prefix, "is of IPv6, as Prefix6 is")
		}
		list[i] = s.Prefix.Masked()
	}
	for i, s := range p.t.Subnets {
		if s.Prefix == (netip.Prefix{}) {
			list[i] = p.nextPrefix(len(s.Hosts), all)
			if !list[i].IsValid() {
				p.addf(fmt.Sprintf("Subnets[%d].Prefix", i), "", "%v has no prefix left", p.base())
			}
			all = append(all, list[i])
		}
	}
	return list
}

func (p *plan) base() netip.Prefix {
	c := p.t.Config.complete(false)
	return c.Prefix
}

// nextPrefix returns a part of Config.Prefix with room for hosts that overlaps with
// no other prefix; the zero one if there is none.
func (p *plan) nextPrefix(hosts int, others []netip.Prefix) netip.Prefix {
	base := p.base()
	// Room for the first and the last address, and for those of NATs.
	long := min(24, 32-bits.Len(uint(hosts+2)))
	if base.Addr().Is6() {
		long = 64
	}
	candidate := netip.PrefixFrom(base.Addr(), max(long, base.Bits()))
	for base.Contains(candidate.Addr()) && candidate.IsValid() {
		i := slices.IndexFunc(others, candidate.Overlaps)
		if i < 0 {
			return candidate
		}
		// After the larger of both.
		after := candidate
		if others[i].Bits() < after.Bits() {
			after = others[i]
		}
		candidate = netip.PrefixFrom(last(after).Next(), candidate.Bits())
	}
	return netip.Prefix{}
}

// last returns the last address of a prefix.
func last(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < 8*len(a); bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(a) // it has the length of one
	return addr
}

// given notes the addresses that hosts of a subnet say they have, before others get
// what is free.
func (p *plan) given(path string, s *Subnet, n *node) [][]netip.Addr {
	list := make([][]netip.Addr, len(s.Hosts))
	for i, h := range s.Hosts {
		for j, a := range h.Addresses {
			field := fmt.Sprintf("%sHosts[%d].Addresses[%d]", path, i, j)
			a = a.Unmap()
			if p.own(field, a, h.Name) && !n.has(a) {
				p.addf(field, a, "is in no prefix of the subnet")
			}
			list[i] = append(list[i], a)
		}
	}
	return list
}

// own notes who has an address; false if nobody can.
func (p *plan) own(field string, a netip.Addr, who string) bool {
	switch {
	case !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.Zone() != "":
		p.addf(field, a, "is no address of a host")
		return false
	case p.owners[a] != "":
		p.addf(field, a, "is an address of %q already", p.owners[a])
		return false
	}
	p.owners[a] = who
	return true
}

// free returns the next address of a prefix that nobody has. The first is that of
// the network, and the last of IPv4 the broadcast address, if there is room.
func (p *plan) free(prefix netip.Prefix) netip.Addr {
	a, end := prefix.Addr(), last(prefix)
	if prefix.Bits() <= a.BitLen()-2 {
		a = a.Next()
		if a.Is4() {
			end = end.Prev()
		}
	}
	for ; a.IsValid() && a.Compare(end) <= 0; a = a.Next() {
		if p.owners[a] == "" {
			return a
		}
	}
	return netip.Addr{}
}
