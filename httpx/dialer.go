package httpx

import (
	"context"
	"net"
)

// Dialer makes the raw conns of a transport: TCP, or whatever stands for it,
// without TLS to the target, which is the transport's own business. The network
// is "tcp"; the address is host:port of the URL or of the proxy. A
// *[net.Dialer], and what the module dialer makes, are Dialers.
//
// It has to return when the context ends. A transport uses it from many
// goroutines at the same time.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}
