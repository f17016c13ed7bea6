package netstack

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// network is what the name of a network means, as in package net.
type network struct {
	name      string // as the caller wrote it
	transport TransportProtocolNumber
	only      NetworkProtocolNumber // 0 is both
	ports     string                // whose names ports have; "" is a network without ports
}

var networks = map[string]network{
	"tcp":           {transport: TCP, ports: "tcp"},
	"tcp4":          {transport: TCP, only: IPv4, ports: "tcp"},
	"tcp6":          {transport: TCP, only: IPv6, ports: "tcp"},
	"udp":           {transport: UDP, ports: "udp"},
	"udp4":          {transport: UDP, only: IPv4, ports: "udp"},
	"udp6":          {transport: UDP, only: IPv6, ports: "udp"},
	"ping":          {transport: ICMPv4},
	"ping4":         {transport: ICMPv4, only: IPv4},
	"ping6":         {transport: ICMPv6, only: IPv6},
	"ip4:icmp":      {transport: ICMPv4, only: IPv4},
	"ip4:1":         {transport: ICMPv4, only: IPv4},
	"ip6:ipv6-icmp": {transport: ICMPv6, only: IPv6},
	"ip6:58":        {transport: ICMPv6, only: IPv6},
}

func parseNetwork(name string) (network, error) {
	n, ok := networks[name]
	if !ok {
		return network{}, net.UnknownNetworkError(name)
	}
	n.name = name
	return n, nil
}

// allows reports whether an address is of this network.
func (n network) allows(a netip.Addr) bool {
	return n.only == 0 || n.only == protocolNumber(a)
}

// protocols returns the numbers for an address of it.
func (n network) protocols(a netip.Addr) (TransportProtocolNumber, NetworkProtocolNumber) {
	p := protocolNumber(a)
	if n.ports == "" && p == IPv6 {
		return ICMPv6, p
	}
	return n.transport, p
}

func protocolNumber(a netip.Addr) NetworkProtocolNumber {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// addr returns an address as package net shows it; the zero one is nil.
func (n network) addr(a netip.AddrPort) net.Addr {
	switch {
	case !a.Addr().IsValid():
		return nil
	case n.ports == "":
		return &net.IPAddr{IP: a.Addr().AsSlice(), Zone: a.Addr().Zone()}
	case n.transport == TCP:
		return net.TCPAddrFromAddrPort(a)
	default:
		return net.UDPAddrFromAddrPort(a)
	}
}

// split takes an address apart into its host and its port.
func (n network) split(address string) (string, uint16, error) {
	if n.ports == "" {
		return address, 0, nil
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	if service == "" {
		return host, 0, nil
	}
	// Numbers, and the names that package net brings: no name server is asked.
	port, err := net.DefaultResolver.LookupPort(context.Background(), n.ports, service)
	return host, uint16(port), err //nolint:gosec // LookupPort returns at most 65535
}

// literal returns the address that host is. ok is false for a name.
func (n network) literal(host string) (a netip.Addr, ok bool, err error) {
	a, err = netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, false, nil //nolint:nilerr // a name is no error
	}
	a = a.Unmap()
	if !n.allows(a) {
		return a, true, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return a, true, nil
}

// fullAddress returns an address for the engine: an unspecified one has no address there.
func (s *Stack) fullAddress(a netip.AddrPort) (tcpip.FullAddress, error) {
	full := tcpip.FullAddress{Port: a.Port()}
	ip := a.Addr()
	if zone := ip.Zone(); zone != "" {
		nic, err := s.zone(zone)
		if err != nil {
			return full, err
		}
		full.NIC, ip = nic, ip.WithZone("")
	}
	if ip.IsValid() && !ip.IsUnspecified() {
		full.Addr = tcpip.AddrFromSlice(ip.AsSlice())
	}
	return full, nil
}

// zone returns the NIC that the zone of an address names, by its name or its number.
func (s *Stack) zone(zone string) (tcpip.NICID, error) {
	infos := s.engine.NICInfo()
	for id := range infos {
		if infos[id].Name == zone {
			return id, nil
		}
	}
	if id, err := strconv.ParseInt(zone, 10, 32); err == nil {
		if _, ok := infos[tcpip.NICID(id)]; ok {
			return tcpip.NICID(id), nil
		}
	}
	return 0, &net.AddrError{Err: "no NIC of this name or number", Addr: zone}
}

// addrPort returns an address of the engine. An IPv4 one is never mapped; a link-local one
// has its NIC as zone, so that it can be sent to.
func (s *Stack) addrPort(a tcpip.FullAddress) netip.AddrPort {
	ip, ok := netip.AddrFromSlice(a.Addr.AsSlice())
	if !ok {
		return netip.AddrPortFrom(netip.Addr{}, a.Port)
	}
	ip = ip.Unmap()
	if a.NIC != 0 && ip.Is6() && ip.IsLinkLocalUnicast() {
		zone := s.engine.FindNICNameFromID(a.NIC)
		if zone == "" {
			zone = strconv.Itoa(int(a.NIC))
		}
		ip = ip.WithZone(zone)
	}
	return netip.AddrPortFrom(ip, a.Port)
}
