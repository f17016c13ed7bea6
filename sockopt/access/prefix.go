package access

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// ParsePrefix reads a prefix: "10.0.0.0/8", "2001:db8::/32", or an address,
// which stands for itself alone ("10.0.0.1" is 10.0.0.1/32). Bits behind the
// length are cleared. "::ffff:10.0.0.0/104" is 10.0.0.0/8. Zones are refused,
// because rules know addresses only.
func ParsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return p, err
		}
		return Plain(p)
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return netip.Prefix{}, err
	case a.Zone() != "":
		return netip.Prefix{}, errors.New("rules have no zones")
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// Plain returns the form in which prefixes are compared: masked, IPv4-mapped
// ones as IPv4. It is an error if p is not valid, or holds more than the mapped
// addresses but starts as they do.
func Plain(p netip.Prefix) (netip.Prefix, error) {
	if !p.IsValid() {
		return p, errors.New("is not a valid prefix")
	}
	if a := p.Addr(); a.Is4In6() {
		const mapped = 96 // the length of ::ffff:0:0/96
		if p.Bits() < mapped {
			return p, fmt.Errorf("%s holds more than IPv4-mapped addresses: write 0.0.0.0/0 or an IPv6 prefix", p)
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-mapped)
	}
	return p.Masked(), nil
}

// AddrOf returns the IP address that rules and counts go by, without its zone,
// and the zero Addr for a peer that has none.
func AddrOf(a net.Addr) netip.Addr {
	var ip net.IP
	switch a := a.(type) {
	case *net.TCPAddr:
		ip = a.IP
	case *net.UDPAddr:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	}
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}
