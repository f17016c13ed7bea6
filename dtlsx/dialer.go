package dtlsx

import (
	"context"
	"net"
)

// Dialer dials DTLS conns.
type Dialer interface {
	Dial(network, address string) (net.Conn, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}
