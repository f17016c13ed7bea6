package main

import (
	"context"
	"net"
	"net/netip"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnsintercept"
)

// carry sends what comes from a device through a dialer: every TCP flow is a conn,
// every UDP session a few, and DNS is asked over TCP.
func carry(dev tunx.IPDevice, d dialer.Dialer, seen func(forward.Event)) (*forward.Forwarder, error) {
	packets, err := tunx.NewPacketProxyFromDialer(d, nil)
	if err != nil {
		return nil, err
	}
	overTCP := dnsintercept.OverStream(func(ctx context.Context, server netip.AddrPort) (net.Conn, error) {
		return d.DialContext(ctx, "tcp", server.String())
	})
	return forward.New(dev, &forward.Config{
		Streams: tunx.StreamDialerFrom(d),
		Packets: packets,
		DNS: func(next tunx.PacketProxy) (tunx.PacketProxy, error) {
			return dnsintercept.NewPacketProxy(next, &dnsintercept.Config{Resolve: overTCP})
		},
		Sessions:     &tunx.SessionConfig{Mapping: tunx.Symmetric, MaxSessions: 4096, MaxPerSource: 512},
		MaxFlows:     4096,
		MaxPerSource: 512,
		OnFlow:       seen,
	})
}
