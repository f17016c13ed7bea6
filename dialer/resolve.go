package dialer

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
)

// literal reports whether package net dials the address without asking a resolver for its host, which is returned if
// there is one. What is malformed is left to package net, whose error is as good as ours.
func literal(network, address string) (ip netip.Addr, ok bool) {
	host := address
	switch network[0] {
	case 'u':
		if isUnix(network) {
			return ip, true
		}
		fallthrough
	case 't':
		var err error
		if host, _, err = net.SplitHostPort(address); err != nil {
			return ip, true
		}
	}
	if host == "" {
		return ip, true
	}
	// To parse a name would cost the allocation of an error.
	if last := host[len(host)-1]; !strings.Contains(host, ":") && (last < '0' || last > '9') {
		return ip, false
	}
	ip, err := netip.ParseAddr(host)
	return ip.Unmap(), err == nil
}

// A resolution is the addresses of a name.
type resolution struct {
	addrs   []netip.Addr
	port    uint16
	hasPort bool
}

// address returns one of them as package net wants it.
func (r *resolution) address(ip netip.Addr) string {
	if !r.hasPort {
		return ip.String()
	}
	return netip.AddrPortFrom(ip, r.port).String()
}

// resolve finds the addresses that can be dialled, the best first.
func (p *plan) resolve(ctx context.Context, network, address string) (*resolution, *Error) {
	host := address
	r := new(resolution)
	protocol, version := split(p.network)
	if strings.Contains(network, ":") != (protocol == "ip") {
		return nil, &Error{Op: "dial", Err: net.UnknownNetworkError(network)}
	}
	if protocol != "ip" {
		var service string
		var err error
		if host, service, err = net.SplitHostPort(address); err != nil {
			return nil, &Error{Op: "dial", Err: err}
		}
		port, err := p.resolver().LookupPort(ctx, p.network, service)
		if err != nil {
			return nil, &Error{Op: "resolve", Err: err}
		}
		r.port, r.hasPort = uint16(port), true //nolint:gosec // LookupPort has checked it
	}
	addrs, err := p.lookup(ctx, "ip"+version, host)
	if err != nil {
		return nil, &Error{Op: "resolve", Err: err}
	}
	return r, p.choose(r, addrs, host)
}

// lookup asks Config.Lookup or the resolver; network is "ip", "ip4" or "ip6".
func (p *plan) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil || host == "" {
		return unspecified(ip), nil
	}
	r := p.record(ctx)
	if r == nil {
		return p.ask(ctx, network, host)
	}
	step := r.begin(StepResolve, host)
	addrs, err := p.ask(ctx, network, host)
	r.end(step, nil, err)
	return addrs, err
}

func (p *plan) ask(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if p.custom != nil {
		return p.custom(ctx, network, host)
	}
	return p.resolver().LookupNetIP(untraced(ctx), network, host)
}

// unspecified is what package net dials for no host and for "::": the local system, the latter over either version of
// IP, because a machine may be able to bind to :: and not to connect to it.
func unspecified(ip netip.Addr) []netip.Addr {
	if !ip.IsValid() {
		return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	return []netip.Addr{netip.IPv6Unspecified(), netip.IPv4Unspecified()}
}

// ambiguous reports whether a literal, or no host, stands for both versions of IP. Package net dials them side by side.
func ambiguous(network string, ip netip.Addr) bool {
	return !isUnix(network) && (!ip.IsValid() || ip == netip.IPv6Unspecified())
}

func (p *plan) resolver() *net.Resolver {
	if p.net.Resolver != nil {
		return p.net.Resolver
	}
	return net.DefaultResolver
}

var errZeroAddr = errors.New("the zero netip.Addr is among the addresses")

// choose keeps the addresses that the network and the source allow, in the order of the family.
func (p *plan) choose(r *resolution, addrs []netip.Addr, host string) *Error {
	_, version := split(p.network)
	var unfit field
	for _, ip := range addrs {
		ip = ip.Unmap()
		v := versionOf(ip)
		switch {
		case !ip.IsValid():
			return &Error{Op: "resolve", Err: &net.AddrError{Err: errZeroAddr.Error(), Addr: host}}
		case !p.family.allows(v):
			unfit = field{"Family", p.family.String()}
		case version == "4" && v != 4 || version == "6" && v != 6:
		case !p.hasSource(v):
			unfit = field{p.sourceField, p.sourceValue}
		default:
			r.addrs = append(r.addrs, ip)
		}
	}
	if len(r.addrs) == 0 {
		err := &net.AddrError{Err: "no suitable address found", Addr: host}
		return &Error{Op: "resolve", Field: unfit.name, Value: unfit.value, Err: err}
	}
	p.family.sort(r.addrs)
	return nil
}

// versionOf is 0 for no address.
func versionOf(ip netip.Addr) int {
	switch {
	case ip.Is4():
		return 4
	case ip.Is6():
		return 6
	}
	return 0
}
