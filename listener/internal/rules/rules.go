// Package rules decides by address who may come in.
package rules

import (
	"cmp"
	"net/netip"
	"slices"
)

// Rules say which addresses are admitted. They are made once and then only
// read, so the address space is cut into ranges of one verdict each: a lookup
// is a binary search in one array of 4 or 16 bytes a range. (100,000 prefixes:
// see BenchmarkRules.)
type Rules struct {
	open4, open6 bool     // the verdict before the first point
	points4      []uint32 // where the verdict turns, ascending
	points6      []uint128
}

// uint128 is an IPv6 address.
type uint128 struct{ high, low uint64 }

// New returns nil when everything is admitted. The prefixes must be plain.
func New(allow, deny []netip.Prefix) *Rules {
	if len(allow)+len(deny) == 0 {
		return nil
	}
	verdicts := make(map[netip.Prefix]bool, len(allow)+len(deny))
	for _, p := range allow {
		verdicts[p] = true
	}
	for _, p := range deny { // after allow: it wins a tie
		verdicts[p] = false
	}
	prefixes := make([]netip.Prefix, 0, len(verdicts))
	for p := range verdicts {
		prefixes = append(prefixes, p)
	}
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int { // the wider ones first
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	first6 := slices.IndexFunc(prefixes, func(p netip.Prefix) bool { return p.Addr().Is6() })
	if first6 < 0 {
		first6 = len(prefixes)
	}
	r := &Rules{open4: len(allow) == 0, open6: len(allow) == 0}
	for _, a := range turns(prefixes[:first6], verdicts, r.open4) {
		r.points4 = append(r.points4, number4(a))
	}
	for _, a := range turns(prefixes[first6:], verdicts, r.open6) {
		r.points6 = append(r.points6, number6(a))
	}
	r.points4, r.points6 = slices.Clip(r.points4), slices.Clip(r.points6)
	return r
}

// Admits reports whether a peer may come in. One without an IP address may: for
// unix sockets the file's mode and owner decide.
func (r *Rules) Admits(a netip.Addr) bool {
	switch {
	case r == nil || !a.IsValid():
		return true
	case a.Is4():
		n, found := slices.BinarySearch(r.points4, number4(a))
		return r.open4 != turned(n, found)
	}
	n, found := slices.BinarySearchFunc(r.points6, number6(a), uint128.compare)
	return r.open6 != turned(n, found)
}

// turned reports whether an address has an odd number of points before or at it.
func turned(n int, found bool) bool {
	if found {
		n++
	}
	return n%2 == 1
}

// turns returns the addresses at which the verdict is another one than before.
// The prefixes are sorted, each behind those that contain it.
func turns(prefixes []netip.Prefix, verdicts map[netip.Prefix]bool, open bool) []netip.Addr {
	t := turner{verdicts: verdicts, open: open}
	for _, p := range prefixes {
		t.leave(p.Addr())
		t.around = append(t.around, p)
		t.set(p.Addr())
	}
	t.leave(netip.Addr{})
	return t.points
}

// turner walks over the address space.
type turner struct {
	verdicts map[netip.Prefix]bool
	open     bool
	around   []netip.Prefix // those that contain the place, the widest first
	points   []netip.Addr
}

// leave ends the prefixes that do not reach up to next. The zero Addr ends all.
func (t *turner) leave(next netip.Addr) {
	for len(t.around) > 0 {
		inner := t.around[len(t.around)-1]
		if next.IsValid() && inner.Contains(next) {
			return
		}
		t.around = t.around[:len(t.around)-1]
		if after := lastOf(inner).Next(); after.IsValid() {
			t.set(after)
		}
	}
}

// set makes the innermost prefix rule from a place on. What was said before
// about the same place is void.
func (t *turner) set(place netip.Addr) {
	verdict := t.open
	if n := len(t.around); n > 0 {
		verdict = t.verdicts[t.around[n-1]]
	}
	if n := len(t.points); n > 0 && t.points[n-1] == place {
		t.points = t.points[:n-1]
	}
	if before := t.open != (len(t.points)%2 == 1); before != verdict {
		t.points = append(t.points, place)
	}
}

// lastOf returns the highest address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func number4(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func number6(a netip.Addr) uint128 {
	var n uint128
	for i, b := range a.As16() {
		if i < 8 {
			n.high = n.high<<8 | uint64(b)
		} else {
			n.low = n.low<<8 | uint64(b)
		}
	}
	return n
}

func (u uint128) compare(v uint128) int {
	return cmp.Or(cmp.Compare(u.high, v.high), cmp.Compare(u.low, v.low))
}
