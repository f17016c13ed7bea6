package listener

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// ParsePrefix reads a prefix for Allow, Deny and their like: "10.0.0.0/8",
// "2001:db8::/32", or an address, which stands for itself alone ("10.0.0.1" is
// 10.0.0.1/32). Bits behind the length are cleared. IPv4-mapped addresses are
// IPv4: "::ffff:10.0.0.0/104" is 10.0.0.0/8. Zones are refused, because rules
// know addresses only.
func ParsePrefix(s string) (netip.Prefix, error) {
	p, err := parsePrefix(s)
	if err != nil {
		return netip.Prefix{}, &Error{Op: "parse prefix", Value: s, Err: err}
	}
	return p, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return p, err
		}
		return plainPrefix(p)
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

// plainPrefix returns the form in which prefixes are compared.
func plainPrefix(p netip.Prefix) (netip.Prefix, error) {
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

// addrOf returns the IP address that rules and limits go by, the zero Addr for
// a peer that has none.
func addrOf(a net.Addr) netip.Addr {
	var ip net.IP
	switch a := a.(type) {
	case *net.TCPAddr:
		ip = a.IP
	case *net.UDPAddr: // a PROXY header can announce one
		ip = a.IP
	}
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}
