package main

import (
	"context"
	"net"
	"syscall"
	"time"

	"github.com/strata-net/strata/quicx"
)

// cutCode is the error code of streams that are cut, and of conns that are.
const cutCode = 1

// quicKeepAlive tells live clients from gone ones: streams may be quiet for long.
const quicKeepAlive = 15 * time.Second

// quicDoor is a listener of QUIC whose conns are streams.
type quicDoor struct {
	*quicx.StreamListener

	quic *quicx.Listener
}

// SyscallConn leads to the UDP socket.
func (d *quicDoor) SyscallConn() (syscall.RawConn, error) { return d.quic.SyscallConn() }

// openQUIC opens a listener of package quicx.
func (g *Gateway) openQUIC(ctx context.Context, d *door) error {
	cfg := d.cfg.QUIC
	settings := *cfg.QUIC
	settings.KeepAlivePeriod = quicKeepAlive
	cfg.QUIC = &settings
	cfg.OnEvent = d.refusedQUIC
	var err error
	if cfg.TLS, err = g.serverTLS(ctx, d); err != nil {
		return err
	}
	l, err := quicx.NewListener(ctx, &cfg)
	if err != nil {
		return err
	}
	streams, err := quicx.NewStreamListener(l, &quicx.StreamConfig{CloseCode: cutCode})
	if err != nil {
		l.Close()
		return err
	}
	d.net = &quicDoor{streams.(*quicx.StreamListener), l}
	d.addrs, d.stats = []net.Addr{l.Addr()}, func() any { return l.Stats() }
	return nil
}

// refusedQUIC logs what became of a client that no service will see. That is for
// debugging: an attack must not fill the disk.
func (d *door) refusedQUIC(e quicx.Event) {
	d.log.Debug(e.Kind.String(), "client", e.Remote, "error", e.Err)
}
