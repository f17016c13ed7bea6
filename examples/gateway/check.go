package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/strata-net/strata/sockopt"
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
		if !n.Address.anyPort() {
			unique(ps, addresses, n.Address.Host, n.addressAt)
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

// checkUpstreams returns the upstreams by name.
func checkUpstreams(list []*Upstream, ps *problems) map[string]*Upstream {
	seen := map[string]place{}
	byName := map[string]*Upstream{}
	for _, u := range list {
		unique(ps, seen, u.Name, u.nameAt)
		byName[u.Name] = u
		switch {
		case u.echoAt.path != "" && u.addressAt.path != "":
			ps.addf(u.echoAt, "excludes address")
		case u.echoAt.path != "" && u.TLS != nil:
			ps.addf(u.echoAt, "excludes tls")
		case u.echoAt.path == "" && u.addressAt.path == "":
			ps.addf(u.at, "want an address, or echo")
		case u.TLS != nil && u.Address.Network == "unix" && u.TLS.ServerName == "":
			ps.addf(u.at.key("tls.server_name"), "is missing; a unix socket has no host name to verify")
		}
		if network := u.network(); network != "" {
			u.Options.check(ps, network, sockopt.Bind, sockopt.Established)
		}
	}
	return byName
}

// network returns what an upstream is dialled with; empty when the file does
// not say it.
func (u *Upstream) network() string {
	if u.Echo != "" {
		return "tcp"
	}
	return u.Address.Network
}

// checkListener notes keys of the other protocol and options that do not fit.
func checkListener(n *Listener, ps *problems) {
	for _, k := range n.only {
		if k.protocol != n.Protocol {
			ps.addf(k.at, "is for protocol %s, this one is %s", k.protocol, n.Protocol)
		}
	}
	if n.Address.Network != "" {
		n.Options.check(ps, n.Address.Network, sockopt.Bind, sockopt.Listening, sockopt.Established)
	}
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
		if n.Protocol == TCP {
			checkPlain(r, ps)
			continue
		}
		if r.valid() {
			unique(ps, seen, r.Host+cmp.Or(r.Path, "/"), r.at)
		}
		if r.Upstream != nil && r.Upstream.Echo == TCP {
			ps.addf(r.nameAt, "upstream %q echoes bytes, it does not speak http", r.name)
		}
	}
	if n.Protocol == TCP && len(n.Routes) > 1 {
		ps.add(n.Routes[1].at, errors.New("protocol tcp takes one route"))
	}
}

// valid says whether host and path are what the file says, not what is left
// when that is wrong.
func (r *Route) valid() bool {
	return (r.Host != "" || r.hostAt.path == "") && (r.Path != "" || r.pathAt.path == "")
}

// checkPlain notes what the route of a tcp listener cannot have.
func checkPlain(r *Route, ps *problems) {
	for _, at := range []place{r.hostAt, r.pathAt} {
		if at.path != "" {
			ps.add(at, errors.New("is for protocol http, this one is tcp"))
		}
	}
}
