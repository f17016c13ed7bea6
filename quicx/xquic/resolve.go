package xquic

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// resolve returns the host, for TLS, and the addresses that can be dialled.
func (c *Client) resolve(ctx context.Context, network, address string) (string, []netip.AddrPort, error) {
	version, ok := strings.CutPrefix(network, "udp")
	if !ok || version != "" && version != "4" && version != "6" {
		return "", nil, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return "", nil, err
	}
	port, err := c.port(ctx, network, service)
	if err != nil {
		return "", nil, err
	}
	ips, err := c.lookup(ctx, "ip"+version, host)
	if err != nil {
		return "", nil, err
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.WithZone("").String() // no certificate has a zone
	}
	var addrs []netip.AddrPort
	for _, ip := range ips {
		if ip = ip.Unmap(); c.allows(ip, version) {
			addrs = append(addrs, netip.AddrPortFrom(ip, port))
		}
	}
	if len(addrs) == 0 {
		return "", nil, &net.AddrError{Err: "no suitable address found", Addr: address}
	}
	return host, addrs, nil
}

// allows reports whether the network and LocalAddr go with an address.
func (c *Client) allows(ip netip.Addr, version string) bool {
	local := c.local.Addr()
	return (version == "" || (version == "4") == ip.Is4()) && (!local.IsValid() || local.Is4() == ip.Is4())
}

func (c *Client) port(ctx context.Context, network, service string) (uint16, error) {
	n, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		var looked int
		if looked, err = c.config.Resolver.LookupPort(ctx, network, service); err != nil {
			return 0, err
		}
		n = uint64(looked) //nolint:gosec // LookupPort has checked it
	}
	if n == 0 {
		return 0, errors.New("port 0 cannot be dialled")
	}
	return uint16(n), nil
}

// lookup returns the addresses of a host: itself if it is one.
func (c *Client) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if host == "" {
		return nil, errors.New("has no host")
	}
	return c.config.Resolver.LookupNetIP(ctx, network, host)
}

// share limits an attempt to its part of the time, but to no less than 2 s, as
// package net does.
func share(ctx context.Context, left int) (context.Context, context.CancelFunc) {
	const least = 2 * time.Second
	deadline, ok := ctx.Deadline()
	if !ok || left == 1 {
		return context.WithCancel(ctx)
	}
	rest := time.Until(deadline)
	return context.WithTimeout(ctx, max(rest/time.Duration(left), min(rest, least)))
}

// family returns the network of the version of IP.
func family(ip netip.Addr) string {
	if ip.Is4() {
		return "udp4"
	}
	return "udp6"
}
