package simnet

import (
	"net/netip"
	"slices"
)

// nodeKind is what a node of the graph is.
type nodeKind uint8

const (
	hostNode nodeKind = iota
	subnetNode
	routerNode
)

var nodeKinds = [...]string{hostNode: "host", subnetNode: "subnet", routerNode: "router"}

// node is a host, a subnet or a router.
type node struct {
	name    string
	kind    nodeKind
	edges   []*edge // links that begin here, in the order in which they were made
	linked  bool    // links begin or end here
	subnets []*node // of a host or a router: where it is a member

	host     *Host     // of a host
	firewall *firewall // of a host or a router, nil for none

	quality  Link           // of a subnet
	prefixes []netip.Prefix // of a subnet
	routers  []*node        // of a subnet: members that lead elsewhere

	inside []*node // of a router: neighbours that are behind it
	nat    *nat    // of a router, nil for none
}

// edge is one direction of a link.
type edge struct {
	to   *node
	lane *lane
}

// edgeTo returns the link to a neighbour, nil if there is none.
func (n *node) edgeTo(to *node) *edge {
	for _, e := range n.edges {
		if e.to == to {
			return e
		}
	}
	return nil
}

// has reports whether the address is one of the subnet.
func (n *node) has(a netip.Addr) bool {
	return slices.ContainsFunc(n.prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

// home returns the name of a host's subnet.
func (n *node) home() string { return n.subnets[0].name }

// direction of a packet that comes from prev and goes to next, as a router sees
// it: 0 if both are inside or both outside.
func (n *node) direction(prev, next *node) Direction {
	from, to := slices.Contains(n.inside, prev), slices.Contains(n.inside, next)
	switch {
	case from && !to:
		return Out
	case to && !from:
		return In
	}
	return 0
}

// neighbours calls f for each node that a packet can go to from here, until f
// returns false. Those of a subnet that are hosts are left out but for end, since
// no host passes packets on.
func (n *node) neighbours(end *node, f func(*node, *lane) bool) {
	for _, e := range n.edges {
		if e.to.kind == hostNode && e.to != end {
			continue
		}
		if !f(e.to, e.lane) {
			return
		}
	}
	for _, s := range n.subnets {
		f(s, nil) // which is no end
	}
	if n.kind == subnetNode && end.kind == hostNode && slices.Contains(end.subnets, n) && !f(end, nil) {
		return
	}
	for _, r := range n.routers {
		if !f(r, nil) {
			return
		}
	}
}
