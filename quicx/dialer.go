package quicx

import (
	"context"

	"github.com/quic-go/quic-go"
)

// Dialer dials QUIC conns. [*Client] is one.
type Dialer interface {
	Dial(network, address string) (*quic.Conn, error)
	DialContext(ctx context.Context, network, address string) (*quic.Conn, error)
}
