package link

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// netlink returns the route for the library.
func (r Route) netlink(index int) *netlink.Route {
	route := &netlink.Route{
		LinkIndex: index,
		Dst:       ipNet(r.To),
		Priority:  int(r.Metric),
		Table:     int(r.Table),
	}
	switch {
	case r.Via.IsValid():
		route.Gw = r.Via.AsSlice()
	case r.To.Addr().Is4():
		route.Scope = unix.RT_SCOPE_LINK
	}
	if r.Source.IsValid() {
		route.Src = r.Source.AsSlice()
	}
	return route
}

// netlink returns the rule for the library.
func (r Rule) netlink() *netlink.Rule {
	rule := netlink.NewRule()
	rule.Priority, rule.Table = int(r.Priority), int(r.Table)
	rule.Mark, rule.Invert = r.Mark, r.Not
	rule.Src, rule.Dst = ipNet(r.From), ipNet(r.To)
	rule.Family = unix.AF_INET
	if r.From.Addr().Is6() || r.To.Addr().Is6() {
		rule.Family = unix.AF_INET6
	}
	return rule
}

// ipNet returns nil for the zero prefix.
func ipNet(p netip.Prefix) *net.IPNet {
	if !p.IsValid() {
		return nil
	}
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
