package listener

import (
	"net/netip"

	"github.com/strata-net/strata/sockopt/access"
)

// ticket is what a conn holds of the limits as long as it is open.
type ticket struct {
	source  access.Source
	counted bool // in sources, under source
	slot    bool
}

// takeSource counts a conn for the source of its peer and notes it on the ticket.
// It returns false at the limit.
func (g *gate) takeSource(peer netip.Addr, t *ticket) (ok bool) {
	t.source, t.counted, ok = g.sources.Take(peer)
	return ok
}

// without returns what t holds beyond another ticket.
func (t ticket) without(other ticket) ticket {
	t.counted = t.counted && !other.counted
	t.slot = t.slot && !other.slot
	return t
}

// giveBack ends what a ticket holds.
func (g *gate) giveBack(t ticket) {
	if t.counted {
		g.sources.Drop(t.source)
	}
	if t.slot {
		g.slots.free()
	}
}
