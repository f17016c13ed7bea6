package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/types/known/durationpb"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// newConfig turns a document into a Config and notes what is wrong with it.
func newConfig(m *specv1.Gateway, ps *problems) *Config {
	root := ps.at("")
	c := &Config{Drain: root.duration("drain", m.Drain, 10*time.Second)}
	byName := map[string]*Upstream{}
	seen := names{}
	for i, entry := range m.Upstreams {
		e := ps.at(fmt.Sprintf("upstreams[%d]", i))
		u := newUpstream(e, entry)
		seen.unique(e, "name", u.Name)
		byName[u.Name] = u
		c.Upstreams = append(c.Upstreams, u)
	}
	seen, addresses := names{}, names{}
	if c.Admin = newAdmin(ps.at("admin"), m.Admin); c.Admin != nil {
		for _, text := range c.Admin.Address.places() {
			addresses.unique(ps.at("admin"), "address", text)
		}
	}
	for i, entry := range m.Listeners {
		e := ps.at(fmt.Sprintf("listeners[%d]", i))
		n := newListener(e, entry)
		seen.unique(e, "name", n.Name)
		for _, a := range n.Addresses {
			for _, text := range a.places() {
				if addresses.unique(e, "address", text) && n.Protocol == HTTP3 && a.hasPort() {
					addresses.unique(e, "address", "udp://"+text)
				}
			}
		}
		n.Routes = newRoutes(e, n, entry.GetRoutes(), byName)
		c.Listeners = append(c.Listeners, n)
	}
	if len(c.Listeners) == 0 {
		root.addf("listeners", "are missing")
	}
	if len(c.Upstreams) == 0 {
		root.addf("upstreams", "are missing")
	}
	return c
}

// names are what must be in a document only once, and where each is.
type names map[string]string

// unique notes a name that is somewhere else too, and says whether it is not.
func (n names) unique(e entry, field, name string) bool {
	if name == "" {
		return true
	}
	if first, ok := n[name]; ok {
		e.bad(field, name, errors.New("is also at "+first))
		return false
	}
	n[name] = e.field(field).path
	return true
}

// name takes a name that goes into logs and tables.
func (e entry) name(s *string) string {
	bad := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }
	switch {
	case s == nil:
		e.addf("name", "is missing")
		return ""
	case *s == "" || len(*s) > 64 || strings.ContainsFunc(*s, bad):
		e.bad("name", *s, errors.New("want 1 to 64 visible characters"))
		return ""
	}
	return *s
}

// maxDuration bounds durations. A year is more than anybody means, and far from
// what overflows when two are added.
const maxDuration = 365 * 24 * time.Hour

// duration takes one of 0 or more.
func (e entry) duration(field string, d *durationpb.Duration, standard time.Duration) time.Duration {
	if d == nil {
		return standard
	}
	v := d.AsDuration()
	if v < 0 || v > maxDuration {
		e.bad(field, v.String(), fmt.Errorf("want 0s to %v", maxDuration))
	}
	return v
}

// timeout takes one above 0.
func (e entry) timeout(field string, d *durationpb.Duration, standard time.Duration) time.Duration {
	v := e.duration(field, d, standard)
	if d != nil && v == 0 {
		e.bad(field, "0s", errors.New("must be above 0s"))
	}
	return v
}

// newRoutes takes the routes of a listener, and notes those that can never be
// taken.
func newRoutes(e entry, n *Listener, list []*specv1.GatewayRoute, upstreams map[string]*Upstream) []*Route {
	var routes []*Route
	seen := names{}
	for i, m := range list {
		at := e.field(fmt.Sprintf("routes[%d]", i))
		before := len(e.problems.list)
		r := newRoute(at, m, n, upstreams)
		routes = append(routes, r)
		switch {
		case !n.Protocol.in(web) && i > 0:
			at.addf("", "protocol %s takes one route", n.Protocol)
		case len(e.problems.list) == before: // else it is not what it says
			seen.unique(at, "", r.Host+cmp.Or(r.Path, "/"))
		}
	}
	if len(routes) == 0 {
		e.addf("routes", "are missing")
	}
	return routes
}

func newRoute(e entry, m *specv1.GatewayRoute, n *Listener, upstreams map[string]*Upstream) *Route {
	r := &Route{Upstream: upstreams[m.GetUpstream()]}
	for _, f := range []struct {
		name  string
		text  *string
		parse func(string) (string, error)
		to    *string
	}{{"host", m.Host, parseHost, &r.Host}, {"path", m.Path, parsePath, &r.Path}} {
		switch {
		case f.text == nil:
		case !n.Protocol.in(web):
			e.addf(f.name, "is for protocol http, this one is %s", n.Protocol)
		default:
			text, err := f.parse(*f.text)
			e.bad(f.name, *f.text, err)
			*f.to = text
		}
	}
	switch u := r.Upstream; {
	case m.Upstream == nil:
		e.addf("upstream", "is missing")
	case u == nil:
		e.bad("upstream", m.GetUpstream(), errors.New("no upstream has this name"))
	default:
		checkCarrier(e, n, u)
	}
	return r
}

// checkCarrier notes an upstream that cannot be what a listener needs.
func checkCarrier(e entry, n *Listener, u *Upstream) {
	switch {
	case u.network() == "":
		// Its address is wrong, or missing.
	case !u.carries(n.Protocol):
		e.addf("upstream", "%q is dialled on %s, which does not carry protocol %s", u.Name, u.network(), n.Protocol)
	case n.Protocol.in(web) && u.Echo != "" && u.Echo != HTTP:
		e.addf("upstream", "%q echoes bytes, it does not speak http", u.Name)
	case n.TCP.FirstBytes > 0 && u.TLS != nil:
		e.addf("upstream", "%q has TLS, so first_bytes_wait is of no use: no bytes of the client can go with the dial", u.Name)
	}
}
