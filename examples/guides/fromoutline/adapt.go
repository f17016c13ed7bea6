package fromoutline

import (
	"context"
	"net"
	"net/netip"

	"github.com/strata-net/strata/tunx"
)

type oldStreamConn interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
}

type oldStreamDialer interface {
	DialStream(ctx context.Context, address string) (oldStreamConn, error)
}

type oldPacketProxy interface {
	NewSession(r oldReceiver) (oldSender, error)
}

type oldSender interface {
	WriteTo(p []byte, destination netip.AddrPort) (int, error)
	Close() error
}

type oldReceiver interface {
	WriteFrom(p []byte, source net.Addr) (int, error)
	Close() error
}

// streams makes a dialer that there is one of Strata's.
func streams(d oldStreamDialer) tunx.StreamDialer {
	return tunx.StreamDialerFunc(func(ctx context.Context, address string) (tunx.StreamConn, error) {
		return d.DialStream(ctx, address)
	})
}

// packets makes a packet proxy that there is one of Strata's.
type packets struct{ oldPacketProxy }

// NewSession hands the receiver on, whose methods are the same.
func (p packets) NewSession(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	return p.oldPacketProxy.NewSession(r)
}
