package dialer

import (
	"fmt"
	"net/netip"
	"slices"
)

// A Family says which version of IP is wanted when a name has addresses of both.
type Family uint8

const (
	// FamilyAny keeps the order of the resolver (RFC 6724).
	FamilyAny Family = iota
	// PreferIPv4 tries IPv4 first.
	PreferIPv4
	// PreferIPv6 tries IPv6 first.
	PreferIPv6
	// OnlyIPv4 makes a dial of tcp, udp or ip one of tcp4, udp4 or ip4. To dial tcp6 is an error.
	OnlyIPv4
	// OnlyIPv6 makes a dial of tcp, udp or ip one of tcp6, udp6 or ip6. To dial tcp4 is an error.
	OnlyIPv6
)

// String returns "any", "prefer IPv4", "prefer IPv6", "only IPv4" or "only IPv6".
func (f Family) String() string {
	switch f {
	case FamilyAny:
		return "any"
	case PreferIPv4:
		return "prefer IPv4"
	case PreferIPv6:
		return "prefer IPv6"
	case OnlyIPv4:
		return "only IPv4"
	case OnlyIPv6:
		return "only IPv6"
	}
	return fmt.Sprintf("Family(%d)", uint8(f))
}

func (f Family) validate() error {
	if f > OnlyIPv6 {
		return fmt.Errorf("%d is not a family", uint8(f))
	}
	return nil
}

// allows reports whether a version of IP may be dialled; 0 is none.
func (f Family) allows(version int) bool {
	return f != OnlyIPv4 && f != OnlyIPv6 || version == 0 || (version == 4) == (f == OnlyIPv4)
}

// narrow returns the network that the family leaves of one.
func (f Family) narrow(network string) (string, error) {
	protocol, version := split(network)
	want := map[Family]string{OnlyIPv4: "4", OnlyIPv6: "6"}[f]
	switch {
	case want == "" || isUnix(network) || want == version:
		return network, nil
	case version != "":
		return "", fmt.Errorf("network %s is excluded", network)
	}
	return protocol + want, nil
}

// sort puts the preferred version first and otherwise keeps the order.
func (f Family) sort(addrs []netip.Addr) {
	if f != PreferIPv4 && f != PreferIPv6 {
		return
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int {
		switch first := f == PreferIPv4; {
		case a.Is4() == b.Is4():
			return 0
		case a.Is4() == first:
			return -1
		}
		return 1
	})
}
