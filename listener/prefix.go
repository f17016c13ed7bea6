package listener

import (
	"net/netip"

	"github.com/strata-net/strata/sockopt/access"
)

// ParsePrefix reads a prefix for Allow, Deny and their like: "10.0.0.0/8",
// "2001:db8::/32", or an address, which stands for itself alone ("10.0.0.1" is
// 10.0.0.1/32). Bits behind the length are cleared. IPv4-mapped addresses are
// IPv4: "::ffff:10.0.0.0/104" is 10.0.0.0/8. Zones are refused, because rules
// know addresses only.
func ParsePrefix(s string) (netip.Prefix, error) {
	p, err := access.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, &Error{Op: "parse prefix", Value: s, Err: err}
	}
	return p, nil
}
