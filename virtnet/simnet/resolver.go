package simnet

import (
	"context"
	"net"
	"net/netip"

	"github.com/strata-net/strata/virtnet"
)

// Resolver knows the names of the network's hosts, as one of them sees them. It has the
// methods of [net.Resolver] that dialers use. It is safe for concurrent use.
type Resolver struct{ host *Host }

// Resolver returns the resolver of the host.
func (h *Host) Resolver() *Resolver { return &Resolver{h} }

// LookupHost returns the addresses of a host as texts.
func (r *Resolver) LookupHost(ctx context.Context, host string) ([]string, error) {
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	var texts []string
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return texts, err
}

// LookupNetIP returns the addresses of a host. network is "ip", "ip4" or "ip6". host is
// a name, "localhost" or an address. The error is a [*net.DNSError]; a name that no host
// has is IsNotFound.
func (r *Resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if network != "ip" && network != "ip4" && network != "ip6" {
		return nil, &net.DNSError{Err: "unknown network " + network, Name: host}
	}
	all, err := r.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, a := range all {
		if network == "ip" || a.Is4() == (network == "ip4") {
			addrs = append(addrs, a)
		}
	}
	if addrs == nil {
		return nil, noSuchHost(host)
	}
	return addrs, nil
}

// lookup returns all addresses of a host.
func (r *Resolver) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap().WithZone("")}, nil
	}
	if host == "localhost" {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	n := r.host.net
	n.mu.RLock()
	defer n.mu.RUnlock()
	if h := n.hosts[host]; h != nil {
		return h.addrs, nil
	}
	return nil, noSuchHost(host)
}

// noSuchHost says that nobody has a name, or that he has no address of the family.
func noSuchHost(host string) error {
	return &net.DNSError{UnwrapErr: virtnet.ErrNoHost, Err: "no such host", Name: host, IsNotFound: true}
}
