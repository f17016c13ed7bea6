package netstack

import (
	"context"
	"net"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Dialer returns a dialer of the stack, without a resolver. Its fields may be set before it
// is used.
func (s *Stack) Dialer() *Dialer { return &Dialer{Stack: s} }

// Dial is [Stack.DialContext] without a context.
func (s *Stack) Dial(network, address string) (net.Conn, error) {
	return s.Dialer().Dial(network, address)
}

// DialContext connects to a literal address, as [Dialer.DialContext] does.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return s.Dialer().DialContext(ctx, network, address)
}

// one connects to one address.
func (d *dial) one(ctx context.Context, target netip.AddrPort) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx, nil)
	}
	e, err := d.Stack.newEndpoint(d.n.protocols(target.Addr()))
	if err != nil {
		return nil, err
	}
	conn, err := d.connect(ctx, e, target)
	if err == nil && ctx.Err() != nil {
		err = ended(ctx, nil)
	}
	if err != nil {
		e.abort()
		return nil, err
	}
	return conn, nil
}

func (d *dial) connect(ctx context.Context, e *endpoint, target netip.AddrPort) (net.Conn, error) {
	if err := d.prepare(e); err != nil {
		return nil, err
	}
	to, err := d.Stack.fullAddress(target)
	if err != nil {
		return nil, err
	}
	if err := e.connectContext(ctx, to); err != nil {
		return nil, err
	}
	switch {
	case d.n.transport == TCP:
		c := newTCPConn(e)
		c.network = d.n.name
		return c, nil
	case d.n.transport == UDP:
		return newUDPConn(e, d.n), nil
	default:
		return newPingConn(e, d.n), nil
	}
}

// prepare sets what must be set before the endpoint is connected.
func (d *dial) prepare(e *endpoint) error {
	if d.Control != nil {
		if err := d.Control(e); err != nil {
			return err
		}
	}
	local := d.LocalAddr
	if !local.IsValid() {
		return nil
	}
	from, err := d.Stack.fullAddress(netip.AddrPortFrom(local.Addr().Unmap(), local.Port()))
	if err != nil {
		return err
	}
	return wrap(e.engine().Bind(from))
}

// connectContext connects, and waits for it until ctx ends.
func (e *endpoint) connectContext(ctx context.Context, to tcpip.FullAddress) error {
	var g gate
	g.open(e.wq, waiter.WritableEvents|waiter.EventErr|waiter.EventHUp)
	defer e.wq.EventUnregister(&g.entry)
	err := e.connect(to)
	if _, started := err.(*tcpip.ErrConnectStarted); !started {
		return wrap(err)
	}
	for {
		select {
		case <-ctx.Done():
			return ended(ctx, nil)
		case <-g.wake:
		}
		// Asked in the other order, a failure in between would look like success.
		done := e.ep.Readiness(waiter.WritableEvents) != 0
		if err := e.ep.LastError(); err != nil {
			return wrap(err)
		}
		if done {
			return nil
		}
	}
}
