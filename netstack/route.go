package netstack

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// SetRouteTable sets the rows of the route table. The first row whose Destination contains
// the target is taken; a row that an earlier and wider one covers is never. Of rows with
// the same Destination, an endpoint that is bound to a NIC or an address takes the first
// that fits. The stack's own addresses need no rows.
//
// Rows may name NICs that are not there yet. If a row is wrong, the table stays as it is,
// and the error says so of every such row, as an [*Error].
func (s *Stack) SetRouteTable(table []Route) error {
	var errs []error
	for i, r := range table {
		if err := r.check(); err != nil {
			errs = append(errs, &Error{
				Op: "set route table", Field: fmt.Sprintf("table[%d]", i), Value: r.String(), Err: err,
			})
		}
	}
	if errs != nil {
		return errors.Join(errs...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &Error{Op: "set route table", Err: ErrStackClosed}
	}
	s.routes = slices.Clone(table)
	s.setEngineRoutes()
	return nil
}

// String returns the row as text, for instance "0.0.0.0/0 via 10.0.0.1 nic 1".
func (r Route) String() string {
	text := r.Destination.String()
	if r.Gateway.IsValid() {
		text += " via " + r.Gateway.String()
	}
	text += " nic " + r.NIC.String()
	if r.Source.IsValid() {
		text += " src " + r.Source.String()
	}
	if r.MTU != 0 {
		text += " mtu " + strconv.Itoa(r.MTU)
	}
	return text
}

func (r Route) check() error {
	if err := plain(r.Destination); err != nil {
		return fmt.Errorf("its destination: %w", err)
	}
	for name, a := range map[string]netip.Addr{"gateway": r.Gateway, "source": r.Source} {
		if a.IsValid() && a.Is4() != r.Destination.Addr().Is4() {
			return fmt.Errorf("its %s is of another family than its destination", name)
		}
	}
	if r.MTU < 0 || r.MTU > maxPacket {
		return fmt.Errorf("its MTU is not 0 to %d", maxPacket)
	}
	return nil
}

// RouteTable returns the rows of the route table.
func (s *Stack) RouteTable() []Route {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.routes)
}

// setEngineRoutes tells the links, and gives the engine the rows that can be taken. The engine takes the longest
// prefix, which is the first one when those that come too late are left out.
func (s *Stack) setEngineRoutes() {
	var rows []tcpip.Route
	for id, n := range s.nics {
		for _, p := range n.addrs {
			if !n.link.loop {
				p = netip.PrefixFrom(p.Addr(), p.Addr().BitLen())
			}
			rows = append(rows, tcpip.Route{Destination: subnet(p), NIC: tcpip.NICID(id)})
		}
	}
	for i, r := range s.routes {
		if covered(r.Destination, s.routes[:i]) {
			continue
		}
		rows = append(rows, tcpip.Route{
			Destination: subnet(r.Destination), Gateway: engineAddr(r.Gateway), NIC: tcpip.NICID(r.NIC),
			SourceHint: engineAddr(r.Source), MTU: uint32(r.MTU), //nolint:gosec // check bounds it
		})
	}
	s.engine.SetRouteTable(rows)
	s.setHops()
}

// covered reports whether an earlier row is wider.
func covered(p netip.Prefix, earlier []Route) bool {
	return slices.ContainsFunc(earlier, func(r Route) bool {
		return r.Destination.Bits() < p.Bits() && r.Destination.Contains(p.Addr())
	})
}

func subnet(p netip.Prefix) tcpip.Subnet { return withPrefix(p.Masked()).Subnet() }
