package dtlsx

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// place is where a listener listens, checked.
type place struct {
	network string // "udp", "udp4", "udp6"
	text    string // host and port
}

// parsePlace reads [network://]host:port.
func parsePlace(s string) (place, error) {
	if s == "" {
		return place{}, errors.New("must be set")
	}
	p := place{network: "udp", text: s}
	if scheme, text, found := strings.Cut(s, "://"); found {
		p = place{network: scheme, text: text}
	}
	if !slices.Contains([]string{"udp", "udp4", "udp6"}, p.network) {
		return p, net.UnknownNetworkError(p.network)
	}
	host, port, err := net.SplitHostPort(p.text)
	if err != nil {
		return p, err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return p, fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().Is4() != (p.network == "udp4") && p.network != "udp" {
		return p, fmt.Errorf("%s is not an address of network %s", host, p.network)
	}
	return p, nil
}

// all reports whether it is all addresses of the machine.
func (p place) all() bool {
	host, _, err := net.SplitHostPort(p.text)
	ip, notIP := netip.ParseAddr(host)
	return err == nil && (host == "" || notIP == nil && ip.IsUnspecified())
}
