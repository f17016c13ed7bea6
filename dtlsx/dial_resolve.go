package dtlsx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// parseLocal reads DialConfig.LocalAddr; nothing is resolved.
func parseLocal(s string) (netip.AddrPort, error) {
	if s == "" {
		return netip.AddrPort{}, nil
	}
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	if ip, err := netip.ParseAddr(bare); err == nil && writable(ip) {
		return netip.AddrPortFrom(ip.Unmap(), 0), nil
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil || !writable(a.Addr()) {
		return netip.AddrPort{}, errors.New("must be an IP literal, alone or with a port")
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

// writable reports whether an address can be written with a port. Else "[fe80::1%lo]:1"
// would be an address whose zone is "lo]:1".
func writable(ip netip.Addr) bool { return !strings.ContainsAny(ip.Zone(), "[]") }

// maxTargets bounds how many addresses of a name are tried.
const maxTargets = 64

// resolve returns the addresses to try, the best first and the versions of IP in
// turn, and the host that was asked for.
func (d *dialer) resolve(ctx context.Context, network, address string) ([]netip.AddrPort, string, error) {
	if network != "udp" && network != "udp4" && network != "udp6" {
		return nil, "", net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, "", err
	}
	port, err := d.Resolver.LookupPort(ctx, network, service)
	if err != nil {
		return nil, "", err
	}
	if port == 0 {
		return nil, "", errors.New("port 0 cannot be dialled")
	}
	ips, err := d.lookup(ctx, strings.TrimPrefix(network, "udp"), host)
	if err != nil {
		return nil, "", err
	}
	var targets []netip.AddrPort
	for _, ip := range inTurn(ips) {
		targets = append(targets, netip.AddrPortFrom(ip, uint16(port))) //nolint:gosec // LookupPort has checked it
	}
	return targets[:min(len(targets), maxTargets)], host, nil
}

// lookup returns the addresses that the network and the source allow.
func (d *dialer) lookup(ctx context.Context, version, host string) ([]netip.Addr, error) {
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = []netip.Addr{ip}
	} else if host == "" {
		ips = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	} else if ips, err = d.Resolver.LookupNetIP(ctx, "ip"+version, host); err != nil {
		return nil, err
	}
	var fit []netip.Addr
	for _, ip := range ips {
		ip = ip.Unmap()
		source := d.local.Addr()
		switch {
		case !ip.IsValid(), version == "4" && !ip.Is4(), version == "6" && ip.Is4():
		case source.IsValid() && source.Is4() != ip.Is4():
		default:
			fit = append(fit, ip)
		}
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("none of the addresses %v is for this network and LocalAddr", ips)
	}
	return fit, nil
}

// inTurn mixes the versions of IP, beginning with that of the first address
// (RFC 8305, section 4).
func inTurn(ips []netip.Addr) []netip.Addr {
	var first, second, all []netip.Addr
	for _, ip := range ips {
		if ip.Is4() == ips[0].Is4() {
			first = append(first, ip)
		} else {
			second = append(second, ip)
		}
	}
	for i := range ips {
		if i < len(first) {
			all = append(all, first[i])
		}
		if i < len(second) {
			all = append(all, second[i])
		}
	}
	return all
}
