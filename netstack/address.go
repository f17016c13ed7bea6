package netstack

import (
	"errors"
	"net/netip"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// AddAddress gives a NIC an address. The prefix says which addresses are near: those are
// not reached through it without a row in the route table, but its broadcast address is
// known by it.
func (s *Stack) AddAddress(id NICID, prefix netip.Prefix) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.addAddress(id, prefix); err != nil {
		return &Error{Op: "add address " + prefix.String(), Field: "NIC", Value: id.String(), Err: err}
	}
	return nil
}

func (s *Stack) addAddress(id NICID, prefix netip.Prefix) error {
	n, err := s.nic(id)
	if err != nil {
		return err
	}
	if err := plain(prefix); err != nil {
		return err
	}
	if err := s.engine.AddProtocolAddress(tcpip.NICID(id), tcpip.ProtocolAddress{
		Protocol:          protocolOf(prefix.Addr()),
		AddressWithPrefix: withPrefix(prefix),
	}, stack.AddressProperties{}); err != nil {
		return wrap(err)
	}
	n.addrs = append(n.addrs, prefix)
	s.addressesChanged(n)
	return nil
}

// RemoveAddress takes an address from a NIC. Endpoints that are bound to it cannot send any
// more.
func (s *Stack) RemoveAddress(id NICID, addr Address) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	bad := func(err error) error {
		return &Error{Op: "remove address " + addr.String(), Field: "NIC", Value: id.String(), Err: err}
	}
	n, err := s.nic(id)
	if err != nil {
		return bad(err)
	}
	i := slices.IndexFunc(n.addrs, func(p netip.Prefix) bool { return p.Addr() == addr })
	if i < 0 {
		return bad(ErrBadLocalAddress)
	}
	// The links come first: what they give the engine is for addresses that it has.
	n.addrs = slices.Delete(n.addrs, i, i+1)
	s.addressesChanged(n)
	if err := s.engine.RemoveAddress(tcpip.NICID(id), engineAddr(addr)); err != nil {
		return bad(wrap(err))
	}
	return nil
}

// Addresses returns the addresses of a NIC, in the order in which they were added.
func (s *Stack) Addresses(id NICID) ([]netip.Prefix, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.nic(id)
	if err != nil {
		return nil, &Error{Op: "addresses", Field: "NIC", Value: id.String(), Err: err}
	}
	return slices.Clone(n.addrs), nil
}

func (s *Stack) nic(id NICID) (*nic, error) {
	if s.closed {
		return nil, ErrStackClosed
	}
	if n, ok := s.nics[id]; ok {
		return n, nil
	}
	return nil, ErrUnknownNICID
}

// addressesChanged tells the link what is its own, and the engine how to get there.
func (s *Stack) addressesChanged(n *nic) {
	own := make([]tcpip.Address, len(n.addrs))
	for i, p := range n.addrs {
		own[i] = engineAddr(p.Addr())
	}
	n.link.own.Store(&own)
	s.setEngineRoutes()
}

// plain refuses what the engine would take for something else.
func plain(p netip.Prefix) error {
	switch {
	case !p.IsValid():
		return errors.New("not a prefix")
	case p.Addr().Is4In6():
		return errors.New("an IPv4 address in IPv6 form: Unmap it")
	}
	return nil
}

func protocolOf(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}

// engineAddr returns the engine's form of an address, its zero one of the zero Addr.
func engineAddr(a netip.Addr) tcpip.Address {
	switch {
	case !a.IsValid():
		return tcpip.Address{}
	case a.Is4():
		return tcpip.AddrFrom4(a.As4())
	}
	return tcpip.AddrFrom16(a.As16())
}

func withPrefix(p netip.Prefix) tcpip.AddressWithPrefix {
	return tcpip.AddressWithPrefix{Address: engineAddr(p.Addr()), PrefixLen: p.Bits()}
}
