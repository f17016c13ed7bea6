package simnet

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// fabric is what lies between hosts: it says what becomes of each packet.
type fabric struct {
	// gen counts changes. Who has asked direct must ask again when it differs.
	gen atomic.Uint64
	// plain is true as long as every packet passes at once.
	plain atomic.Bool

	mu sync.Mutex
	graph
	nodes  map[string]*node
	hosts  map[*Host]*node
	owners map[netip.Addr]*node // hosts, and routers for the addresses of NATs
	common *node                // the subnet of all hosts, nil in a topology
	cuts   []cut
}

// verdict is what becomes of a packet.
type verdict struct {
	// arrivals are when it arrives, since the network's start. count is how many
	// there are: none, it is lost; two, it is doubled.
	arrivals [2]time.Duration
	count    int
	// relay says that it arrives on its way, and not at a host: pass wants the
	// packet again at that time, for the second arrival its twin.
	relay bool

	drop     Reason         // why there are no arrivals
	refused  bool           // a firewall answers: a reset, or "port unreachable"
	corrupt  uint64         // not 0: a byte of the datagram is to be changed; this is what chooses it
	src, dst netip.AddrPort // as the receiver sees them
	to       *Host          // the receiver, if there are arrivals and no relay
}

// trip is how far a packet has come. Only the fabric looks at it; the zero value
// is at its sender.
type trip struct {
	from    *node // the sender
	route   *route
	hop     int    // of the route's hops: the next one
	copy    uint32 // tells twins apart
	doubled uint8  // how often it was doubled
	corrupt uint64
}

// maxDoubled bounds how many twins a packet can have: 2^maxDoubled.
const maxDoubled = 3

// twin returns the second copy of a packet that was doubled on its last hop.
func (p *packet) twin() *packet {
	q := *p
	q.trip.copy += 1 << (p.trip.doubled - 1)
	return &q
}

// newFabric returns one where all hosts are neighbours with the config's link
// between each two.
func newFabric(n *Network) *fabric {
	f := emptyFabric(n.seed)
	f.common = &node{kind: subnetNode, quality: n.cfg.Link}
	f.nodes[""] = f.common
	f.note()
	return f
}

func emptyFabric(seed uint64) *fabric {
	return &fabric{
		graph: newGraph(chance(mix(seed))),
		nodes: map[string]*node{}, hosts: map[*Host]*node{}, owners: map[netip.Addr]*node{},
	}
}

// note is to be called after each change.
func (f *fabric) note() {
	f.changed()
	f.plain.Store(f.common != nil && f.common.quality.ideal() && len(f.pairs)+len(f.downs)+len(f.unplugged) == 0 && len(f.cuts) == 0)
	f.gen.Add(1)
}

// addHost gives a host its place.
func (f *fabric) addHost(h *Host) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.nodes[h.name]
	switch {
	case n == nil:
		place, err := f.place(h)
		if err != nil {
			return err
		}
		n = &node{name: h.name, kind: hostNode, subnets: []*node{place}}
		f.nodes[n.name] = n
	case n.kind != hostNode:
		return fmt.Errorf("is the name of a %s", nodeKinds[n.kind])
	}
	n.host = h
	f.hosts[h] = n
	for _, a := range h.addrs {
		f.owners[a] = n
	}
	return nil
}

// place returns the subnet that a new host belongs to.
func (f *fabric) place(h *Host) (*node, error) {
	if f.common != nil {
		return f.common, nil
	}
	var place *node
	for _, a := range h.addrs {
		s := f.subnetOf(a)
		switch {
		case s == nil:
			return nil, fmt.Errorf("no subnet has the address %v", a)
		case f.owners[a] != nil:
			return nil, fmt.Errorf("%s has the address %v", f.owners[a].name, a)
		case place != nil && place != s:
			return nil, fmt.Errorf("its addresses are in two subnets, %s and %s", place.name, s.name)
		}
		place = s
	}
	if place == nil {
		return nil, errors.New("it has no address of a subnet")
	}
	return place, nil
}

// subnetOf returns the subnet that has the address, nil if none has.
func (f *fabric) subnetOf(a netip.Addr) *node {
	for _, n := range f.nodes {
		if n.kind == subnetNode && n.has(a) {
			return n // prefixes do not overlap
		}
	}
	return nil
}

// vacate lets others have the name and the addresses of a host that was closed: no
// packet comes to it any more.
func (f *fabric) vacate(h *Host) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.hosts[h]
	if n == nil {
		return
	}
	n.host = nil
	delete(f.nodes, n.name)
	for _, a := range h.addrs {
		delete(f.owners, a)
	}
}

// removeHost takes the place of a host that was vacated, and the links that were
// made for it. What names it in a partition stays.
func (f *fabric) removeHost(h *Host) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.hosts[h]
	if n == nil {
		return
	}
	delete(f.hosts, h)
	if f.forget(n) {
		f.note()
	}
}

// forget drops the links of a node. It reports whether there were any. Lanes and
// routes that are left lead nowhere; there is a bound on how many there are.
func (f *fabric) forget(n *node) bool {
	before := len(f.pairs) + len(f.downs) + len(f.unplugged)
	maps.DeleteFunc(f.pairs, func(k [2]*node, _ Link) bool { return k[0] == n || k[1] == n })
	maps.DeleteFunc(f.downs, func(k [2]*node, _ bool) bool { return k[0] == n || k[1] == n })
	maps.DeleteFunc(f.unplugged, func(k [2]*node, _ bool) bool { return k[0] == n })
	if n.linked {
		for _, other := range f.nodes {
			other.edges = slices.DeleteFunc(other.edges, func(e *edge) bool { return e.to == n })
		}
	}
	return n.linked || before > len(f.pairs)+len(f.downs)+len(f.unplugged)
}

// pass says what becomes of a packet that leaves its sender or, after a verdict
// with relay, goes on. It changes the packet's addresses and its trip. Times must
// not go back from call to call.
func (f *fabric) pass(now time.Duration, p *packet) verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	var v verdict
	if p.trip.route == nil {
		v = f.depart(now, p)
	} else {
		v = f.reach(now, p)
	}
	for v.drop == 0 && v.count == 0 {
		v = f.hop(now, p)
	}
	v.src, v.dst, v.corrupt = p.src, p.dst, p.trip.corrupt
	return v
}

// depart finds the way. The verdict is empty if the packet goes on.
func (f *fabric) depart(now time.Duration, p *packet) verdict {
	from, to := f.hosts[p.from], f.owners[p.dst.Addr()]
	p.trip.from = from
	switch {
	case from == nil:
		return verdict{drop: ReasonHost}
	case from == to:
		return verdict{arrivals: [2]time.Duration{now}, count: 1, to: to.host}
	case to != nil && f.blocked(from, to):
		return verdict{drop: ReasonPartition}
	}
	if v := filter(now, from, Out, p); v.drop != 0 {
		return v
	}
	return f.lead(from, to, p)
}

// lead puts the packet on the way from one node to another.
func (f *fabric) lead(from, to *node, p *packet) verdict {
	if to != nil {
		if r := f.route(from, to); r != nil {
			p.trip.route, p.trip.hop = r, 0
			return verdict{}
		}
	}
	return verdict{drop: ReasonUnreachable} // nobody has the address, or no way leads there
}

// hop lets the packet take the next lane, and decides where it arrives, if that is
// now.
func (f *fabric) hop(now time.Duration, p *packet) verdict {
	h := &p.trip.route.hops[p.trip.hop]
	way := h.lane.carry(now, p)
	if way.drop != 0 {
		return verdict{drop: way.drop}
	}
	p.trip.hop++
	p.trip.corrupt = or(way.corrupt, p.trip.corrupt)
	if way.count == 2 {
		p.trip.doubled++
	}
	v := verdict{arrivals: way.arrivals, count: way.count, relay: true}
	switch {
	case h.to.kind == hostNode:
		return f.receive(now, h.to, p, v)
	case way.count == 1 && way.arrivals[0] == now:
		return f.reach(now, p)
	}
	return v
}

// receive decides about a packet that was carried to its host.
func (f *fabric) receive(now time.Duration, to *node, p *packet, v verdict) verdict {
	switch {
	case to.host == nil:
		return verdict{drop: ReasonHost}
	case f.blocked(p.trip.from, to):
		return verdict{drop: ReasonPartition}
	}
	if w := filter(now, to, In, p); w.drop != 0 {
		return w
	}
	v.relay, v.to = false, to.host
	return v
}

// reach decides about a packet that has come to a subnet or a router. The verdict
// is empty if the packet goes on.
func (f *fabric) reach(now time.Duration, p *packet) verdict {
	h := &p.trip.route.hops[p.trip.hop-1]
	switch {
	case h.to.kind == subnetNode:
		return verdict{}
	case h.next == nil:
		return f.enter(now, h, p)
	}
	d := h.to.direction(h.prev, h.next)
	if d == In && h.to.nat != nil {
		return verdict{drop: ReasonNAT} // outside, no way leads to addresses inside
	}
	if v := filter(now, h.to, d, p); v.drop != 0 {
		return v
	}
	if d == Out && h.to.nat != nil {
		return translate(&p.src)(h.to.nat.leave(now, p))
	}
	return verdict{}
}

// enter decides about a packet to an address of a router's NAT.
func (f *fabric) enter(now time.Duration, h *hop, p *packet) verdict {
	router := h.to
	if slices.Contains(router.inside, h.prev) {
		if v := translate(&p.src)(router.nat.leave(now, p)); v.drop != 0 {
			return v
		}
	}
	if v := translate(&p.dst)(router.nat.enter(now, p)); v.drop != 0 {
		return v
	}
	if v := f.lead(router, f.owners[p.dst.Addr()], p); v.drop != 0 {
		return v
	}
	return filter(now, router, router.direction(h.prev, p.trip.route.first), p)
}

// translate changes an address to what a NAT says.
func translate(a *netip.AddrPort) func(netip.AddrPort, bool) verdict {
	return func(to netip.AddrPort, ok bool) verdict {
		if !ok {
			return verdict{drop: ReasonNAT}
		}
		*a = to
		return verdict{}
	}
}

// filter asks the firewall of a node.
func filter(now time.Duration, n *node, d Direction, p *packet) verdict {
	if action := n.firewall.judge(now, d, p); action != Allow {
		return verdict{drop: ReasonFirewall, refused: action == Reject}
	}
	return verdict{}
}

// direct reports whether all that the two hosts send each other arrives at once
// and unchanged, until gen changes.
func (f *fabric) direct(a, b *Host) bool {
	if f.plain.Load() {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	from, to := f.hosts[a], f.hosts[b]
	return from != nil && to != nil && f.clear(from, to) && f.clear(to, from)
}

// clear reports whether nothing happens to packets on their way.
func (f *fabric) clear(from, to *node) bool {
	switch {
	case from == to:
		return true
	case from.firewall != nil, to.firewall != nil, f.blocked(from, to):
		return false
	}
	r := f.route(from, to)
	return r != nil && !slices.ContainsFunc(r.hops, func(h hop) bool {
		return !h.lane.link.ideal() || h.to.nat != nil || h.to.kind == routerNode && h.to.firewall != nil
	})
}

// mtu returns the largest IP packet that passes from a host all the way to where
// the packet is going.
func (f *fabric) mtu(from *Host, p *packet) int {
	least := DefaultMTU
	if f.plain.Load() {
		return least
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, dest := f.hosts[from], f.owners[p.dst.Addr()]
	if n == nil || dest == nil || n == dest {
		return least
	}
	if r := f.route(n, dest); r != nil {
		for _, h := range r.hops {
			least = min(least, h.lane.link.mtu())
		}
	}
	return least
}
