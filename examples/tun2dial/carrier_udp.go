package main

import (
	"context"
	"net"
	"net/netip"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/dnsintercept"
	"github.com/strata-net/strata/tunx/dnstruncate"
)

// overTCP answers DNS with what its server says by TCP.
func overTCP(d tunx.StreamDialer) func(tunx.PacketProxy) (tunx.PacketProxy, error) {
	ask := dnsintercept.OverStream(func(ctx context.Context, server netip.AddrPort) (net.Conn, error) {
		return d.DialStream(ctx, server.String())
	})
	return func(next tunx.PacketProxy) (tunx.PacketProxy, error) {
		return dnsintercept.NewPacketProxy(next, &dnsintercept.Config{Resolve: ask, Timeout: dialTime})
	}
}

// packets returns what becomes of datagrams; nil refuses them.
func (c *carrier) packets(o *wayOptions) (tunx.PacketProxy, error) {
	switch o.datagrams() {
	case udpRefuse, udpResolve:
		return nil, nil //nolint:nilnil // none is no error
	case udpTruncate:
		return dnstruncate.NewPacketProxy()
	}
	from, err := openPlace(o.from)
	if err != nil {
		return nil, err
	}
	c.from = from
	return tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(ctx context.Context) (p net.PacketConn, err error) {
		err = from.do(func() (err error) {
			p, err = (&net.ListenConfig{}).ListenPacket(ctx, "udp", ":0")
			return err
		})
		return p, err
	}))
}
