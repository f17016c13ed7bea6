package access

import (
	"cmp"
	"net/netip"
	"slices"
)

// Rules say which addresses are admitted.
type Rules struct{ v4, v6 *space }

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
	open := len(allow) == 0
	return &Rules{
		v4: newSpace(open, turns(prefixes[:first6], verdicts, open)),
		v6: newSpace(open, turns(prefixes[first6:], verdicts, open)),
	}
}

// Admits reports whether a peer may come in. One without an IP address may: for
// unix sockets the file's mode and owner decide.
func (r *Rules) Admits(a netip.Addr) bool {
	switch {
	case r == nil || !a.IsValid():
		return true
	case a.Is4():
		return r.v4.admits(a)
	}
	return r.v6.admits(a)
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
