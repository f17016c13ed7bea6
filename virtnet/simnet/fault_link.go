package simnet

import (
	"errors"
	"fmt"
	"slices"
)

// ends are what a link is between.
type ends struct {
	from, to *node
	// subnet is set if they are members of the same, or if both are a subnet.
	subnet *node
	member bool // to is the subnet of from
}

// linkOf finds a link by the names of its ends. set is for SetLink, which can make
// one, and none between a subnet and its members.
func (f *fabric) linkOf(from, to string, set bool) (ends, error) {
	e := ends{from: f.nodes[from], to: f.nodes[to]}
	var errs []error
	for i, name := range []string{from, to} {
		if f.nodes[name] == nil && (i == 0 || from != to) {
			errs = append(errs, fmt.Errorf("nothing has the name %q", name))
		}
	}
	if len(errs) > 0 {
		return e, errors.Join(errs...)
	}
	if slices.Contains(e.to.subnets, e.from) {
		e.from, e.to = e.to, e.from
	}
	switch {
	case e.from == e.to && e.from.kind == subnetNode:
		e.subnet = e.from
	case e.from == e.to:
		return e, fmt.Errorf("both are %q, which is no subnet", from)
	case slices.Contains(e.from.subnets, e.to):
		e.member = true
		if set {
			return e, fmt.Errorf("%q is in %q: its links are those to its neighbours there", e.from.name, e.to.name)
		}
	default:
		e.subnet = shared(e.from, e.to)
	}
	if !set && !e.member && e.subnet == nil && e.from.edgeTo(e.to) == nil && e.to.edgeTo(e.from) == nil {
		return e, fmt.Errorf("there is no link between %q and %q", from, to)
	}
	return e, nil
}

// shared returns a subnet that both are in.
func shared(a, b *node) *node {
	for _, s := range a.subnets {
		if slices.Contains(b.subnets, s) {
			return s
		}
	}
	return nil
}

// set changes the link in its direction.
func (f *fabric) set(e ends, l Link) {
	pair := [2]*node{e.from, e.to}
	delete(f.downs, pair)
	switch {
	case e.subnet == nil:
		f.setEdge(e.from, e.to, l)
	case e.from == e.to:
		e.subnet.quality = l
	case l == e.subnet.quality:
		delete(f.pairs, pair)
	default:
		f.pairs[pair] = l
	}
	f.note()
}

// get returns the link in its direction, false if there is none.
func (f *fabric) get(e ends) (Link, bool) {
	switch {
	case e.subnet == nil:
		if edge := e.from.edgeTo(e.to); edge != nil {
			return edge.lane.link, true
		}
		return Link{}, false
	case e.from == e.to:
		return e.subnet.quality, true
	}
	if l, ok := f.pairs[[2]*node{e.from, e.to}]; ok {
		return l, true
	}
	return e.subnet.quality, true
}

// switchLink lets a link go down or up in both directions.
func (f *fabric) switchLink(e ends, down bool) {
	if e.member {
		if down {
			f.unplugged[[2]*node{e.from, e.to}] = true
		} else {
			delete(f.unplugged, [2]*node{e.from, e.to})
		}
		f.note()
		return
	}
	for range 2 {
		if l, ok := f.get(e); ok && !f.switchInherited(e, down) {
			l.Down = down
			f.set(e, l)
		}
		e.from, e.to = e.to, e.from
	}
}

// switchInherited lets a link that a pair has from its subnet go down, or up again, and
// follow the subnet's further on. It reports false if there is nothing of this kind.
func (f *fabric) switchInherited(e ends, down bool) bool {
	pair := [2]*node{e.from, e.to}
	_, own := f.pairs[pair]
	if own || e.subnet == nil || e.from == e.to || !down && !f.downs[pair] {
		return false
	}
	if down {
		f.downs[pair] = true
	} else {
		delete(f.downs, pair)
	}
	f.note()
	return true
}
