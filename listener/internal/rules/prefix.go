package rules

import (
	"errors"
	"fmt"
	"net/netip"
)

// Plain returns the form in which prefixes are compared.
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
