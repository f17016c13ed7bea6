package main

import (
	"context"
	"net"
	"slices"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/quicx/http3x"
)

// openHTTP3 opens a listener of package listener, and a UDP socket at the port
// of each of its addresses. A port that the system chooses may be taken for UDP:
// then it is to choose another one.
func (g *Gateway) openHTTP3(ctx context.Context, d *door) error {
	const tries = 8
	for try := 1; ; try++ {
		if err := g.openStreams(ctx, d); err != nil {
			return err
		}
		err := d.openPackets(ctx)
		if err == nil {
			d.http3, err = g.newHTTP3(d)
		}
		if err == nil {
			tcp, h3 := d.stats, d.http3
			d.stats = func() any { return struct{ TCP, HTTP3 any }{tcp(), h3.Stats()} }
			return nil
		}
		d.closePackets()
		d.net.Close()
		d.sources.close()
		d.sources = nil // the next try has its own
		if try == tries || !d.anyPort() || !inUse(err) {
			return err
		}
	}
}

// anyPort says whether the system chooses a port.
func (d *door) anyPort() bool {
	for _, a := range d.cfg.Addresses {
		if len(a.places()) == 0 {
			return true
		}
	}
	return false
}

// openPackets opens the UDP sockets.
func (d *door) openPackets(ctx context.Context) error {
	for _, a := range d.addrs {
		pc, err := listener.NewPacketConn(ctx, &listener.PacketConfig{
			Address: "udp" + d.family(a) + "://" + a.String(), Options: d.cfg.QUIC.Options,
		})
		if err != nil {
			return err
		}
		d.packets = append(d.packets, pc)
	}
	return nil
}

func (d *door) closePackets() {
	for _, pc := range d.packets {
		pc.Close()
	}
	d.packets = nil
}

// family returns the suffix of a network for the UDP socket beside an address:
// none for those of both versions of IP.
func (d *door) family(a net.Addr) string {
	t, ok := a.(*net.TCPAddr)
	switch {
	case !ok:
		return ""
	case t.IP.To4() != nil:
		return "4"
	case !t.IP.IsUnspecified() || slices.ContainsFunc(d.cfg.Addresses, func(a Address) bool { return a.Network == "tcp6" && a.hasPortOf(t) }):
		return "6"
	}
	return ""
}

// newHTTP3 returns what serves HTTP/3 for a listener.
func (g *Gateway) newHTTP3(d *door) (*http3x.Server, error) {
	n := d.cfg
	cfg := &http3x.ServerConfig{
		Listen:         n.QUIC,
		MaxHeaderBytes: n.HTTP.MaxHeader,
		IdleTimeout:    n.HTTP.Idle,
		StallTimeout:   -1, // as the Server of all versions has it
		StreamTimeout:  -1,
		ConnContext: func(ctx context.Context, c *quic.Conn) context.Context {
			g.shown.accepted(n, c) // until it is over
			return ctx
		},
		OnError: func(err error) { d.log.Debug("http3", "error", err) },
	}
	cfg.Listen.TLS, cfg.Listen.CloseCode = d.secure, 0
	cfg.Listen.OnEvent = d.refusedQUIC
	return http3x.NewServer(cfg)
}
