package pipenet

import (
	"context"
	"net"

	"github.com/strata-net/strata/virtnet"
)

// An engine connects hosts with pipes. It holds nothing.
type engine struct {
	registry *registry
	notifier virtnet.Notifier
}

// VNetNewHost announces the host: all of the network is here, so that its name is
// enough to find it.
func (*engine) VNetNewHost(ctx context.Context, hostname string, registry virtnet.Registry) error {
	return registry.Announce(ctx, hostname, "")
}

// VNetCloseHost gives the name back.
func (e *engine) VNetCloseHost(hostname string, _ error) error {
	e.registry.withdraw(hostname)
	return nil
}

// VNetDial offers one end of a pipe and returns the other.
func (e *engine) VNetDial(ctx context.Context, src, dst *virtnet.Addr, _ string) (net.Conn, *virtnet.Addr, error) {
	near, far := newPipe()
	a, err := e.notifier.VNetAccept(ctx, src, dst, far)
	if err != nil {
		near.Close()
		far.Close()
		return nil, nil, err
	}
	err = ctx.Err()
	a.Ack <- err
	if err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, a.Addr, nil
}

// Close has nothing to do.
func (*engine) Close() error { return nil }
