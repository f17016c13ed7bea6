package main

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// A router finds the route of a request: the most exact host first, then the
// longest path.
type router struct{ routes []*Route }

func newRouter(routes []*Route) *router {
	sorted := slices.Clone(routes)
	slices.SortStableFunc(sorted, func(a, b *Route) int {
		if d := hostRank(b.Host) - hostRank(a.Host); d != 0 {
			return d
		}
		return len(b.Path) - len(a.Path)
	})
	return &router{routes: sorted}
}

// hostRank orders hosts: a name before a pattern, a long pattern before a short
// one, any host last.
func hostRank(host string) int {
	switch {
	case host == "":
		return 0
	case strings.HasPrefix(host, "*."):
		return len(host)
	}
	return 1 << 10 // longer than a host name can be
}

// find returns the route of a request; nil if there is none.
func (rt *router) find(r *http.Request) *Route {
	host := strings.TrimSuffix(strings.ToLower(hostOnly(r.Host)), ".")
	for _, route := range rt.routes {
		if matchHost(route.Host, host) && matchPath(route.Path, r.URL.Path) {
			return route
		}
	}
	return nil
}

// matchHost compares a route's host with a request's.
func matchHost(pattern, host string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return pattern == "" || pattern == host
}

// matchPath compares a prefix with a path by whole segments: /api has /api and
// /api/x, but not /apix.
func matchPath(prefix, path string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(prefix, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// hasDotSegment says whether a path has a segment . or .. in it. Such a path is
// not routed: the upstream may resolve it to a path of another route.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// hostOnly returns the host of host or host:port, without brackets.
func hostOnly(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return strings.Trim(s, "[]")
}
