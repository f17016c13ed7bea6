package simnet

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Dialer dials from a host. It has the shape of the dialers of this SDK, and of what
// net/http and others take. It is safe for concurrent use.
type Dialer struct{ host *Host }

// Dialer returns the dialer of the host.
func (h *Host) Dialer() *Dialer { return &Dialer{h} }

// Dial is DialContext without a context.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to "host:port" on the network "tcp", "tcp4", "tcp6", "udp",
// "udp4" or "udp6". host is the name of a host, an address, or for the host itself empty,
// "0.0.0.0" or "::"; of several addresses the first one that answers is used. The conn is a [*Conn] or, for
// datagrams, a [*PacketConn]; the error is a [*net.OpError].
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	proto, family, err := parseNetwork(network)
	if err != nil {
		return nil, d.opError(proto, network, nil, err)
	}
	if why := d.host.downWhy(); why != 0 {
		return nil, d.opError(proto, network, nil, d.host.net.err(why, "connect"))
	}
	remotes, err := d.host.resolve(ctx, family, address)
	if err != nil {
		return nil, d.opError(proto, network, nil, err)
	}
	var first error
	for _, remote := range remotes {
		c, err := d.dial(ctx, proto, network, remote)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func (d *Dialer) dial(ctx context.Context, proto Protocol, network string, remote netip.AddrPort) (net.Conn, error) {
	var why cause
	switch {
	case ctx.Err() != nil:
		why = cancelled
	case proto == TCP:
		c, failed := d.host.connect(ctx, remote)
		if failed == 0 {
			return c, nil
		}
		why = failed
	default:
		c, failed := d.host.openPacket(netip.AddrPort{}, remote)
		if failed == 0 {
			return c, nil
		}
		why = failed
	}
	err := ctx.Err()
	if why != cancelled || err == nil {
		err = d.host.net.err(why, "connect")
	}
	return nil, d.opError(proto, network, d.host.net.addr(proto, remote), err)
}

func (d *Dialer) opError(_ Protocol, network string, addr net.Addr, err error) error {
	if d.host.net.cfg.Names {
		network = d.host.net.name
	}
	return &net.OpError{Op: "dial", Net: network, Addr: addr, Err: err}
}

// parseNetwork returns what the name of a network means: the family is 4 or 6, or 0 for
// both.
func parseNetwork(network string) (Protocol, int, error) {
	var proto Protocol
	name := strings.TrimRight(network, "46")
	switch name {
	case "tcp":
		proto = TCP
	case "udp":
		proto = UDP
	default:
		return 0, 0, net.UnknownNetworkError(network)
	}
	switch network[len(name):] {
	case "":
		return proto, 0, nil
	case "4":
		return proto, 4, nil
	case "6":
		return proto, 6, nil
	}
	return 0, 0, net.UnknownNetworkError(network)
}

// resolve returns the addresses that "host:port" means.
func (h *Host) resolve(ctx context.Context, family int, address string) ([]netip.AddrPort, error) {
	host, port, err := splitPort(address)
	if err != nil {
		return nil, err
	}
	addrs := h.addrs
	if host != "" {
		if addrs, err = h.Resolver().lookup(ctx, host); err != nil {
			return nil, err
		}
		if addrs[0].IsUnspecified() {
			addrs = h.addrs
		}
	}
	var all []netip.AddrPort
	for _, a := range addrs {
		if family == 0 || a.Is4() == (family == 4) {
			all = append(all, netip.AddrPortFrom(a, port))
		}
	}
	if len(all) == 0 {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return all, nil
}

// splitPort splits "host:port". The port is a number.
func splitPort(address string) (string, uint16, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, &net.AddrError{Err: "invalid port", Addr: address}
	}
	return host, uint16(port), nil
}
