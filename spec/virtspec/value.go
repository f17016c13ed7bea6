package virtspec

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/strata-net/strata/virtnet/simnet"
)

// prefix reads a prefix; the zero one is none.
func (b *builder) prefix(path string, text *string) netip.Prefix {
	if text == nil {
		return netip.Prefix{}
	}
	p, err := netip.ParsePrefix(*text)
	b.Add(path, *text, err)
	return p
}

// addresses reads IP addresses.
func (b *builder) addresses(path string, texts []string) []netip.Addr {
	var list []netip.Addr
	for i, text := range texts {
		a, err := netip.ParseAddr(text)
		b.Add(fmt.Sprintf("%s[%d]", path, i), text, err)
		list = append(list, a)
	}
	return list
}

// ports reads "80" or "8000-8010"; the zero range is none.
func (b *builder) ports(path string, text *string) simnet.PortRange {
	if text == nil {
		return simnet.PortRange{}
	}
	first, last, two := strings.Cut(*text, "-")
	if !two {
		last = first
	}
	low, ok := port(first)
	high, also := port(last)
	if !ok || !also {
		b.Addf(path, *text, "want a port from 1 to 65535, or two with a hyphen between")
	}
	return simnet.PortRange{First: low, Last: high}
}

func port(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && n > 0
}
