package quicx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// maxAddresses bounds how many addresses of a name are tried.
const maxAddresses = 64

// A destination is what is dialled.
type destination struct {
	name  string // for TLS; "" if the address has no host
	addrs []netip.AddrPort
}

// resolve finds the addresses that can be dialled, the best first.
func (c *Client) resolve(ctx context.Context, network, address string) (*destination, error) {
	version, ok := strings.CutPrefix(network, "udp")
	if !ok || version != "" && version != "4" && version != "6" {
		return nil, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := c.port(ctx, network, service)
	if err != nil {
		return nil, err
	}
	ips, err := c.lookup(ctx, "ip"+version, host)
	if err != nil {
		return nil, err
	}
	d := &destination{name: host}
	for _, ip := range interleave(c.fitting(ips, version)) {
		d.addrs = append(d.addrs, netip.AddrPortFrom(ip, number))
	}
	if len(d.addrs) == 0 {
		return nil, c.unsuitable(host, network)
	}
	return d, nil
}

// unzoned returns a name as certificates have it: an address without its zone.
func unzoned(name string) string {
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.WithZone("").String()
	}
	return name
}

// port returns the number of a port or a service.
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

// lookup returns the addresses of a host: itself if it is one, and those of this machine for none.
func (c *Client) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	loopback6 := netip.IPv6Loopback()
	loopback4 := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if host == "" {
		return []netip.Addr{loopback4, loopback6}, nil
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return c.config.Resolver.LookupNetIP(ctx, network, host)
	case ip.Unmap() == netip.IPv4Unspecified():
		return []netip.Addr{loopback4}, nil
	case ip == netip.IPv6Unspecified():
		return []netip.Addr{loopback6}, nil
	}
	return []netip.Addr{ip}, nil
}

// fitting keeps the addresses that the network and LocalAddr allow, each once.
func (c *Client) fitting(ips []netip.Addr, version string) []netip.Addr {
	var list []netip.Addr
	seen := make(map[netip.Addr]bool)
	for _, ip := range ips {
		ip = ip.Unmap()
		wrong := version == "4" && !ip.Is4() || version == "6" && ip.Is4()
		if ip.IsValid() && !wrong && c.local.allows(ip) && !seen[ip] && len(list) < maxAddresses {
			seen[ip] = true
			list = append(list, ip)
		}
	}
	return list
}

// unsuitable says why none is left.
func (c *Client) unsuitable(host, network string) error {
	err := &net.AddrError{Err: "no suitable address found", Addr: host}
	if c.local.ip.IsValid() {
		return fmt.Errorf("%w for %s from LocalAddr=%s", err, network, c.config.LocalAddr)
	}
	return err
}

// interleave lets the versions of IP take turns, beginning with that of the first address (RFC 8305, section 4).
func interleave(ips []netip.Addr) []netip.Addr {
	var first, second, list []netip.Addr
	for _, ip := range ips {
		if ip.Is4() == ips[0].Is4() {
			first = append(first, ip)
		} else {
			second = append(second, ip)
		}
	}
	for i := range max(len(first), len(second)) {
		list = append(list, first[min(i, len(first)):min(i+1, len(first))]...)
		list = append(list, second[min(i, len(second)):min(i+1, len(second))]...)
	}
	return list
}
