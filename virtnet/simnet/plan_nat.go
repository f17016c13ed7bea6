package simnet

import (
	"fmt"
	"net/netip"
	"slices"
)

// translate finds what is inside of a router and makes its NAT, when all links are
// there.
func (p *plan) translate(path string, r *Router) {
	n := p.fabric.nodes[r.Name]
	if n == nil || n.kind != routerNode {
		return // noted
	}
	for i, name := range r.Inside {
		field := fmt.Sprintf("%sInside[%d]", path, i)
		other := p.fabric.nodes[name]
		switch {
		case other == nil:
			p.addf(field, name, "nothing has the name")
		case !slices.Contains(n.subnets, other) && n.edgeTo(other) == nil:
			p.addf(field, name, "is no subnet of the router, and has no link to it")
		case slices.Contains(n.inside, other):
			p.addf(field, name, "is there twice")
		default:
			n.inside = append(n.inside, other)
		}
	}
	if r.NAT == nil {
		return
	}
	r.NAT.check(&p.problems, path+"NAT.")
	if len(r.Inside) == 0 {
		p.addf(path+"NAT", r.NAT.Kind, "needs an inside of the router")
		return
	}
	external := p.external(path+"NAT.External", r.NAT, n)
	for _, a := range external {
		p.fabric.owners[a] = n
	}
	n.nat = newNAT(r.NAT, external, p.fabric.fate.named(r.Name))
}

// external returns the addresses of a NAT outside.
func (p *plan) external(field string, c *NAT, n *node) []netip.Addr {
	var list []netip.Addr
	for i, a := range c.External {
		a = a.Unmap()
		if p.own(fmt.Sprintf("%s[%d]", field, i), a, n.name) {
			list = append(list, a)
		}
	}
	if len(c.External) > 0 {
		return list
	}
	i := slices.IndexFunc(n.subnets, func(s *node) bool { return !slices.Contains(n.inside, s) })
	if i < 0 {
		p.addf(field, "", "must be set, as the router has no subnet outside")
		return nil
	}
	for _, prefix := range n.subnets[i].prefixes {
		if a := p.free(prefix); a.IsValid() {
			p.owners[a] = n.name
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		p.addf(field, "", "subnet %q has no address left", n.subnets[i].name)
	}
	return list
}
