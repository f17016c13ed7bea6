package simnet

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/strata-net/strata/virtnet"
)

// plan is a topology on its way to a fabric. It finds all that is wrong.
type plan struct {
	problems

	t      *Topology
	fabric *fabric // where nodes are made
	hosts  []plannedHost
	owners map[netip.Addr]string // who has an address
}

type plannedHost struct {
	name  string
	addrs []netip.Addr
}

// plan checks the topology. The nodes are those of a fabric that nobody uses, and
// whose chance is none; install makes them again where they belong.
func (t *Topology) plan() (*plan, error) {
	p := &plan{t: t}
	p.nest("Config.", t.Config.Check())
	p.install(emptyFabric(0))
	for i, f := range t.Faults {
		p.checkFault(fmt.Sprintf("Faults[%d].", i), f)
	}
	return p, p.err()
}

// nest notes the errors of a part.
func (p *plan) nest(path string, err error) {
	for _, err := range parts(err) {
		if e, ok := errors.AsType[*Error](err); ok {
			p.problems = append(p.problems, &Error{Op: "config", Field: path + e.Field, Value: e.Value, Err: e.Err})
		}
	}
}

// install makes the nodes in a fabric.
func (p *plan) install(f *fabric) {
	p.fabric, p.hosts, p.owners = f, nil, map[netip.Addr]string{}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(p.t.Subnets) > 0 || len(p.t.Routers) > 0 {
		delete(f.nodes, "")
		f.common = nil
		if p.t.Config.Link != (Link{}) {
			p.addf("Config.Link", &p.t.Config.Link, "has no effect, as subnets have links of their own")
		}
	}
	prefixes := p.prefixes()
	for i := range p.t.Subnets {
		p.subnet(fmt.Sprintf("Subnets[%d].", i), &p.t.Subnets[i], prefixes[i])
	}
	for i := range p.t.Routers {
		p.router(fmt.Sprintf("Routers[%d].", i), &p.t.Routers[i])
	}
	for i := range p.t.Links {
		p.link(fmt.Sprintf("Links[%d].", i), &p.t.Links[i])
	}
	for i := range p.t.Routers {
		p.translate(fmt.Sprintf("Routers[%d].", i), &p.t.Routers[i])
	}
	f.note()
}

// node makes a node, unless its name cannot be.
func (p *plan) node(path, name string, n *node) *node {
	n.name = name
	switch old := p.fabric.nodes[name]; {
	case name == "":
		p.addf(path+"Name", name, "must be set")
	case old != nil:
		p.addf(path+"Name", name, "is the name of a %s already", nodeKinds[old.kind])
	default:
		p.fabric.nodes[name] = n
	}
	return n
}

func (p *plan) subnet(path string, s *Subnet, prefix netip.Prefix) {
	n := p.node(path, s.Name, &node{kind: subnetNode})
	for _, each := range []netip.Prefix{prefix, s.Prefix6.Masked()} {
		if each.IsValid() { // else it is noted, or there is none
			n.prefixes = append(n.prefixes, each)
		}
	}
	n.quality = p.quality(path, s.Profile, s.Link)
	taken := p.given(path, s, n)
	for i := range s.Hosts {
		p.host(fmt.Sprintf("%sHosts[%d].", path, i), &s.Hosts[i], n, taken[i])
	}
}

// quality returns the link with what the profile says in place of zero fields.
func (p *plan) quality(path, name string, l Link) Link {
	l.check(&p.problems, path+"Link.")
	if name == "" {
		return l
	}
	base, err := Profile(name)
	if err != nil {
		p.add(path+"Profile", name, errors.Unwrap(err))
	}
	return l.or(base)
}

func (p *plan) host(path string, h *Place, subnet *node, addrs []netip.Addr) {
	n := p.node(path, h.Name, &node{kind: hostNode, subnets: []*node{subnet}})
	if a, err := virtnet.ParseAddr("", net.JoinHostPort(h.Name, "0")); err != nil || a.Host != h.Name {
		p.addf(path+"Name", h.Name, "cannot be in an address")
	}
	for _, a := range subnet.prefixes {
		if len(h.Addresses) > 0 {
			break
		}
		if free := p.free(a); free.IsValid() {
			addrs = append(addrs, free)
			p.owners[free] = h.Name
		} else {
			p.addf(path+"Addresses", "", "%v has no address left", a)
		}
	}
	if h.Firewall != nil {
		h.Firewall.check(&p.problems, path+"Firewall.")
		n.firewall = newFirewall(h.Firewall)
	}
	for _, a := range addrs {
		p.fabric.owners[a] = n
	}
	p.hosts = append(p.hosts, plannedHost{h.Name, addrs})
}

func (p *plan) router(path string, r *Router) {
	n := p.node(path, r.Name, &node{kind: routerNode})
	for i, name := range r.Subnets {
		field := fmt.Sprintf("%sSubnets[%d]", path, i)
		s, err := p.fabric.named(name, subnetNode)
		switch {
		case err != nil:
			p.add(field, name, err)
		case slices.Contains(n.subnets, s):
			p.addf(field, name, "is there twice")
		default:
			n.subnets = append(n.subnets, s)
			s.routers = append(s.routers, n)
		}
	}
	if r.Firewall == nil {
		return
	}
	r.Firewall.check(&p.problems, path+"Firewall.")
	for i, rule := range r.Firewall.Rules {
		if rule.Direction != Both && len(r.Inside) == 0 {
			p.addf(fmt.Sprintf("%sFirewall.Rules[%d].Direction", path, i), rule.Direction, "needs an inside of the router")
		}
	}
	n.firewall = newFirewall(r.Firewall)
}

func (p *plan) link(path string, c *Connection) {
	there := p.quality(path, c.Profile, c.Link)
	back := there
	if c.Back != nil {
		c.Back.check(&p.problems, path+"Back.")
		back = *c.Back
	}
	e := ends{from: p.end(path+"From", c.From), to: p.end(path+"To", c.To)}
	if e.from == nil || e.to == nil {
		return
	}
	_, err := p.fabric.linkOf(c.From, c.To, true)
	switch {
	case c.From == c.To:
		p.addf(path+"To", c.To, "is the other end as well")
	case err != nil:
		p.add(path+"To", c.To, err)
	case shared(e.from, e.to) == nil && e.from.edgeTo(e.to) != nil:
		p.addf(path+"To", c.To, "has a link with %q already", c.From)
	default:
		e.subnet = shared(e.from, e.to)
		p.fabric.set(e, there)
		e.from, e.to = e.to, e.from
		p.fabric.set(e, back)
	}
}

func (p *plan) end(field, name string) *node {
	n := p.fabric.nodes[name]
	switch {
	case name == "":
		p.addf(field, name, "must be set")
	case n == nil:
		p.addf(field, name, "no subnet, router or host has the name")
	}
	return n
}

func (p *plan) checkFault(path string, f TimedFault) {
	if f.At < 0 {
		p.addf(path+"At", f.At, "must not be negative")
	}
	for _, err := range parts(f.Fault.check(p.fabric)) {
		p.add(path+"Fault", f.Fault, err)
	}
}

// parts takes joined errors apart.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, err := range joined.Unwrap() {
			all = append(all, parts(err)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
