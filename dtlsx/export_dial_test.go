package dtlsx

import (
	"context"
	"net"
	"net/netip"
)

// DialTargets dials addresses as if a name had them.
func DialTargets(ctx context.Context, d Dialer, port uint16, ips ...string) (*Conn, error) {
	own := d.(*dialer)
	if own.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, own.Timeout)
		defer cancel()
	}
	var targets []netip.AddrPort
	for _, ip := range ips {
		targets = append(targets, netip.AddrPortFrom(netip.MustParseAddr(ip), port))
	}
	c, err := (&race{dialer: own, name: own.serverName("127.0.0.1")}).run(ctx, targets)
	if err != nil {
		return nil, &Error{Op: "dial", Network: "udp", Err: err}
	}
	return c, nil
}

// ServerNameOf is what a dial of a host asks for.
func ServerNameOf(d Dialer, host string) string { return d.(*dialer).serverName(host) }

// InTurn mixes the versions of IP.
var InTurn = inTurn

// Sift is the filter of what the library sees.
var Sift = sift

// ShakeClient makes a client's conn above a link.
func ShakeClient(ctx context.Context, cfg *Config, link net.PacketConn, peer net.Addr) (*Conn, error) {
	var p problems
	n := newProtocol(cfg, client, &p)
	if err := p.err(); err != nil {
		return nil, err
	}
	c, err := newConn(n, link, peer, "localhost")
	if err != nil {
		return nil, err
	}
	return c, c.handshake(ctx)
}
