package listener

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/strata-net/strata/listener/internal/rules"
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
		return rules.Plain(p)
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
