package main

import (
	"cmp"
	"fmt"
	"io"
)

// checkFile prints every error of a file, or OK. It returns the exit status.
func checkFile(name string, out io.Writer) int {
	if _, err := LoadFile(name); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	fmt.Fprintln(out, "OK")
	return 0
}

// check notes what is wrong between the entries of a file, and resolves the
// names of upstreams.
func check(c *Config, ps *problems) {
	upstreams := checkUpstreams(c.Upstreams, ps)
	seen := map[string]place{}
	addresses := map[string]place{}
	for _, n := range c.Listeners {
		unique(ps, seen, n.Name, n.nameAt)
		for i, a := range n.Addresses {
			for _, text := range a.places() {
				unique(ps, addresses, text, n.addressesAt[i])
			}
		}
		checkListener(n, ps)
		checkRoutes(n, upstreams, ps)
	}
}

// unique notes a name that stands in the file twice.
func unique(ps *problems, seen map[string]place, name string, at place) {
	if name == "" {
		return
	}
	if first, ok := seen[name]; ok {
		ps.addf(at, "%q is also in line %d (%s)", name, first.line, first.path)
		return
	}
	seen[name] = at
}

// checkRoutes resolves the upstream of each route and notes routes that can
// never be taken.
func checkRoutes(n *Listener, upstreams map[string]*Upstream, ps *problems) {
	seen := map[string]place{}
	for _, r := range n.Routes {
		r.Upstream = upstreams[r.name]
		if r.Upstream == nil && r.name != "" {
			ps.addf(r.nameAt, "no upstream has the name %q", r.name)
		}
		checkCarrier(n.Protocol, r, ps)
		if n.Protocol != HTTP {
			checkPlain(n.Protocol, r, ps)
			n.checkFirst(r.Upstream, ps)
			continue
		}
		if r.valid() {
			unique(ps, seen, r.Host+cmp.Or(r.Path, "/"), r.at)
		}
		if r.Upstream != nil && r.Upstream.Echo != "" && r.Upstream.Echo != HTTP {
			ps.addf(r.nameAt, "upstream %q echoes bytes, it does not speak http", r.name)
		}
	}
	if n.Protocol != HTTP && len(n.Routes) > 1 {
		ps.addf(n.Routes[1].at, "protocol %s takes one route", n.Protocol)
	}
}

// checkCarrier notes an upstream that is dialled on what cannot carry the protocol.
func checkCarrier(p Protocol, r *Route, ps *problems) {
	if r.Upstream == nil || r.Upstream.network() == "" {
		return // its address is wrong, or missing
	}
	if network := r.Upstream.network(); !p.rides(network) {
		ps.addf(r.nameAt, "upstream %q is dialled on %s, which does not carry protocol %s", r.name, network, p)
	}
}

// checkFirst notes that waiting for first bytes gains nothing.
func (n *Listener) checkFirst(u *Upstream, ps *problems) {
	if n.TCP.FirstBytes > 0 && u != nil && u.TLS != nil {
		ps.addf(n.firstAt, "is of no use: upstream %q has TLS, so no bytes of the client can go with the dial", u.Name)
	}
}

// valid says whether host and path are what the file says, not what is left
// when that is wrong.
func (r *Route) valid() bool {
	return (r.Host != "" || r.hostAt.path == "") && (r.Path != "" || r.pathAt.path == "")
}

// checkPlain notes what the route of a listener that is not for http cannot have.
func checkPlain(p Protocol, r *Route, ps *problems) {
	for _, at := range []place{r.hostAt, r.pathAt} {
		if at.path != "" {
			ps.addf(at, "is for protocol http, this one is %s", p)
		}
	}
}
