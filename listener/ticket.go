package listener

// ticket is what a conn holds of the limits as long as it is open.
type ticket struct {
	source  sourceKey
	counted bool // in sources, under source
	slot    bool
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
		g.sources.drop(t.source)
	}
	if t.slot {
		g.slots.free()
	}
}
