package fromgo123

import (
	"context"
	"net"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
)

// networker is what programs were written for, in the shape that virtnet's hosts have.
type networker interface {
	Network() string
	Name() string
	Dial(ctx context.Context, addr string) (net.Conn, error)
	Listen(laddr string) (net.Listener, error)
	Close() error
}

// system is the network of the operating system, for production.
type system struct {
	name string
	dial dialer.Dialer
}

func (s system) Network() string { return "tcp" }
func (s system) Name() string    { return s.name }
func (s system) Close() error    { return nil }

func (s system) Dial(ctx context.Context, addr string) (net.Conn, error) {
	return s.dial.DialContext(ctx, "tcp", addr)
}

func (s system) Listen(laddr string) (net.Listener, error) {
	return listener.New(context.Background(), &listener.Config{Address: "tcp://" + laddr})
}
