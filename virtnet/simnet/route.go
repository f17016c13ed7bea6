package simnet

import "slices"

// graph is what packets pass through, and the routes that were found in it.
type graph struct {
	fate   chance
	routes map[[2]*node]*route
	lanes  map[crossing]*lane
	// pairs are the links between neighbours in a subnet that differ from its own.
	pairs map[[2]*node]Link
	// downs are pairs without such a link that are down nevertheless.
	downs map[[2]*node]bool
	// unplugged has members of subnets that are cut off there: the member, the
	// subnet.
	unplugged map[[2]*node]bool
}

// route is a way from one node to another.
type route struct {
	first *node // after the one where it begins
	hops  []hop
}

// hop is a lane and the node that it leads to. prev and next are the neighbours of
// that node on the route; next is nil at its end.
type hop struct {
	lane           *lane
	to, prev, next *node
}

// crossing is a way through a subnet, between two of its neighbours.
type crossing struct{ subnet, from, to *node }

// maxRemembered bounds routes and lanes. They are found again when they are
// needed; a lane has then forgotten what waits in its queue.
const maxRemembered = 1 << 16

func newGraph(fate chance) graph {
	return graph{
		fate: fate, routes: map[[2]*node]*route{}, lanes: map[crossing]*lane{},
		pairs: map[[2]*node]Link{}, downs: map[[2]*node]bool{}, unplugged: map[[2]*node]bool{},
	}
}

// changed forgets the routes, since there may be better ones, and tells the lanes
// through subnets what their links are now.
func (g *graph) changed() {
	clear(g.routes)
	for key, l := range g.lanes {
		l.link = g.within(key.subnet, key.from, key.to)
	}
}

// route returns the way between two nodes, nil if there is none. It has the fewest
// nodes; of several such ways it is the one whose links and memberships were
// stated first. Links that are down are avoided if there is another way.
func (g *graph) route(from, to *node) *route {
	key := [2]*node{from, to}
	if r, ok := g.routes[key]; ok {
		return r
	}
	nodes := g.search(from, to, true)
	if nodes == nil {
		nodes = g.search(from, to, false) // packets are lost where it is down
	}
	if len(g.routes) >= maxRemembered {
		clear(g.routes)
	}
	var r *route
	if nodes != nil {
		r = g.lead(nodes)
	}
	g.routes[key] = r
	return r
}

// search returns the nodes of the shortest way, both ends included.
func (g *graph) search(from, to *node, up bool) []*node {
	before := map[*node]*node{from: nil}
	queue := []*node{from}
	for i := 0; i < len(queue) && before[to] == nil; i++ {
		n := queue[i]
		n.neighbours(to, func(next *node, l *lane) bool {
			if _, seen := before[next]; !seen && !(up && g.isDown(before[n], n, next, l)) {
				before[next] = n
				queue = append(queue, next)
			}
			return before[to] == nil
		})
	}
	if before[to] == nil {
		return nil
	}
	var nodes []*node
	for n := to; n != nil; n = before[n] {
		nodes = append(nodes, n)
	}
	slices.Reverse(nodes)
	return nodes
}

// isDown reports whether a packet that came to n from prev cannot go to next: l is
// the link between them, nil within a subnet.
func (g *graph) isDown(prev, n, next *node, l *lane) bool {
	if l != nil && l.link.Down {
		return true
	}
	return n.kind == subnetNode && prev != nil && g.within(n, prev, next).Down
}

// lead returns the way along at least two nodes. Each link between them is a hop,
// and each subnet that is neither the first nor the last one, too.
func (g *graph) lead(nodes []*node) *route {
	r := &route{first: nodes[1]}
	for i, n := range nodes[:len(nodes)-1] {
		next := nodes[i+1]
		var after *node
		if i+2 < len(nodes) {
			after = nodes[i+2]
		}
		e := n.edgeTo(next)
		if n.kind == subnetNode && i > 0 {
			h := hop{lane: g.cross(n, nodes[i-1], next), to: next, prev: n, next: after}
			if e != nil {
				h = hop{lane: h.lane, to: n, prev: nodes[i-1], next: next}
			}
			r.hops = append(r.hops, h)
		}
		if e != nil {
			r.hops = append(r.hops, hop{lane: e.lane, to: next, prev: n, next: after})
		}
	}
	return r
}

// cross returns the lane through a subnet between two of its neighbours.
func (g *graph) cross(subnet, from, to *node) *lane {
	key := crossing{subnet, from, to}
	if l, ok := g.lanes[key]; ok {
		return l
	}
	if len(g.lanes) >= maxRemembered {
		clear(g.lanes)
		clear(g.routes) // they hold lanes
	}
	l := &lane{link: g.within(subnet, from, to), fate: g.fate.named(subnet.name).named(from.name).named(to.name)}
	g.lanes[key] = l
	return l
}

// within returns the link through a subnet between two of its neighbours.
func (g *graph) within(subnet, from, to *node) Link {
	pair := [2]*node{from, to}
	l, ok := g.pairs[pair]
	if !ok {
		l = subnet.quality
		l.Down = l.Down || g.downs[pair]
	}
	l.Down = l.Down || g.unplugged[[2]*node{from, subnet}] || g.unplugged[[2]*node{to, subnet}]
	return l
}

// setEdge changes the link between two nodes, or makes it, in one direction.
func (g *graph) setEdge(from, to *node, l Link) {
	if e := from.edgeTo(to); e != nil {
		e.lane.link = l
		return
	}
	from.linked, to.linked = true, true
	from.edges = append(from.edges, &edge{to: to, lane: &lane{link: l, fate: g.fate.named(from.name).named(to.name)}})
}
