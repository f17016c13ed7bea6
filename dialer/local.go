package dialer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// local is a parsed Config.LocalAddr. The zero value means "none".
type local struct {
	set     bool
	network string     // the scheme, "" for any network that the rest fits
	path    string     // of a unix socket; "" for IP
	ip      netip.Addr // invalid for "any address"
	port    uint16
	hasPort bool
}

// parseLocal resolves nothing: hosts are IP literals and ports numbers.
func parseLocal(s string) (local, error) {
	if s == "" {
		return local{}, nil
	}
	scheme, rest, found := strings.Cut(s, "://")
	switch {
	case isPath(s):
		return parsePath("", s)
	case !found:
		return parseIPPort("", s)
	case !known(scheme):
		return local{}, net.UnknownNetworkError(scheme)
	case strings.HasPrefix(scheme, "unix"):
		return parsePath(scheme, rest)
	default:
		return parseIPPort(scheme, rest)
	}
}

// isPath tells a unix socket without a scheme from an IP address.
func isPath(s string) bool { return s[0] == '/' || s[0] == '@' }

func parsePath(network, path string) (local, error) {
	switch {
	case path == "":
		return local{}, errors.New("the path is empty")
	case strings.ContainsRune(path, 0):
		// The kernel would stop reading there and bind to another path.
		return local{}, errors.New("the path contains a NUL byte")
	}
	return local{set: true, network: network, path: path}, nil
}

func parseIPPort(network, s string) (local, error) {
	l := local{set: true, network: network}
	if ip, err := parseIP(unbracket(s)); err == nil {
		l.ip = ip
		return l, l.fits(network)
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return local{}, errors.New("must be an IP literal, IP:port, or a unix path that starts with / or @")
	}
	if l.port, err = parsePort(port); err != nil {
		return local{}, err
	}
	l.hasPort = true
	if host != "" {
		if l.ip, err = parseIP(host); err != nil {
			return local{}, err
		}
	}
	return l, l.fits(network)
}

// parseIP takes an IP literal. Package netip lets a zone be anything, but with a
// bracket in it the address could not be written with a port.
func parseIP(s string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil || strings.ContainsAny(ip.Zone(), "[]") {
		return netip.Addr{}, fmt.Errorf("host %q is not an IP literal", s)
	}
	return ip.Unmap(), nil
}

func unbracket(s string) string {
	if in, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(in, "]") {
		return strings.TrimSuffix(in, "]")
	}
	return s
}

func parsePort(s string) (uint16, error) {
	p, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("port %q is not a number from 0 to 65535", s)
	}
	return uint16(p), nil
}

// on returns the address for a dial of the network, and the network that has
// to be dialled with it: the narrower one of the dialled and the address's own.
func (l local) on(network string) (net.Addr, string, error) {
	if !l.set {
		return nil, network, nil
	}
	if l.network != "" {
		var err error
		if network, err = narrow(network, l.network); err != nil {
			return nil, "", err
		}
	}
	if err := l.fits(network); err != nil {
		return nil, "", err
	}
	return l.addr(network), network, nil
}

// fits says why the address cannot belong to the network; "" is any network.
func (l local) fits(network string) error {
	protocol, version := split(network)
	switch isUnix := strings.HasPrefix(network, "unix"); {
	case network == "":
		return nil
	case isUnix != (l.path != ""):
		return fmt.Errorf("not an address of network %s", network)
	case protocol == "ip" && l.hasPort:
		return fmt.Errorf("network %s has no ports", network)
	case version == "4" && l.ip.Is6(), version == "6" && l.ip.Is4():
		return fmt.Errorf("%s is not an address of network %s", l.ip, network)
	}
	return nil
}

func (l local) addr(network string) net.Addr {
	ap := netip.AddrPortFrom(l.ip, l.port)
	switch protocol, _ := split(network); protocol {
	case "tcp":
		return net.TCPAddrFromAddrPort(ap)
	case "udp":
		return net.UDPAddrFromAddrPort(ap)
	case "ip":
		return &net.IPAddr{IP: l.ip.AsSlice(), Zone: l.ip.Zone()}
	}
	return &net.UnixAddr{Name: l.path, Net: network}
}

// narrow returns the network that is both: tcp and tcp4 are tcp4.
func narrow(a, b string) (string, error) {
	pa, va := split(a)
	pb, vb := split(b)
	if pa != pb || (va != "" && vb != "" && va != vb) {
		return "", fmt.Errorf("an address of network %s cannot be used on network %s", b, a)
	}
	return pa + max(va, vb), nil
}

// split cuts the IP version off a network without protocol number.
func split(network string) (protocol, version string) {
	if end := len(network) - 1; end >= 0 && (network[end] == '4' || network[end] == '6') {
		return network[:end], network[end:]
	}
	return network, ""
}
