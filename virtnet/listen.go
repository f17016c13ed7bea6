package virtnet

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/strata-net/strata/virtnet/internal/hostport"
)

// Listen opens a listener: on the first free port if laddr is "" or its port is 0,
// otherwise on that one. The host in laddr is this one, or empty. The error is a
// [*net.OpError].
func (h *Host) Listen(laddr string) (net.Listener, error) {
	return h.ListenContext(context.Background(), laddr)
}

// ListenContext is [Host.Listen] with a context, which has to be alive, and which
// the engine of some networks honours. What becomes of the context later does not
// concern the listener.
func (h *Host) ListenContext(ctx context.Context, laddr string) (net.Listener, error) {
	if h.stack != nil {
		return call(ctx, h, "listen", laddr, h.stack.VNetListen)
	}
	addr, err := h.parse(orAny(laddr))
	if err != nil {
		return nil, h.opError("listen", nil, err)
	}
	l, err := h.listen(ctx, addr)
	if err != nil {
		return nil, h.opError("listen", addr, err)
	}
	return l, nil
}

func (h *Host) listen(ctx context.Context, addr *Addr) (*listener, error) {
	switch {
	case h.isDown():
		return nil, h.cause().err()
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case addr.Host != h.name:
		return nil, ErrAddrNoListen
	}
	l := newListener(h, addr.Port)
	if !h.bind(&l.socket) {
		return nil, ErrAddrAlreadyUsed
	}
	if !h.own(&l.socket, l) {
		h.free(&l.socket)
		return nil, l.cause()
	}
	return l, nil
}

// ListenPacket opens a socket for datagrams, with an address as [Host.Listen] has
// it. Networks that have streams only, as pipenet and lonet do, return an error that
// is [errors.ErrUnsupported].
func (h *Host) ListenPacket(laddr string) (net.PacketConn, error) {
	if h.stack != nil {
		return call(context.Background(), h, "listen", laddr, h.stack.VNetListenPacket)
	}
	addr, err := h.parse(orAny(laddr))
	if err != nil {
		return nil, h.opError("listen", nil, err)
	}
	if h.isDown() {
		return nil, h.opError("listen", addr, h.cause().err())
	}
	return nil, h.opError("listen", addr, fmt.Errorf("datagrams: %w", errors.ErrUnsupported))
}

// orAny returns the address that stands for no address.
func orAny(laddr string) string {
	if laddr == "" {
		return ":0"
	}
	return laddr
}

// parse reads an address whose host may be left out, and whose port may be one
// that only a host with very many sockets has.
func (h *Host) parse(addr string) (*Addr, error) {
	a, err := parse(h.Network(), addr, hostport.Max)
	if err == nil && a.Host == "" {
		a.Host = h.name
	}
	return a, err
}

// opError makes the error of an operation that has no source.
func (h *Host) opError(op string, addr *Addr, err error) error {
	e := &net.OpError{Op: op, Net: h.Network(), Err: err}
	if addr != nil {
		e.Addr = addr // not a nil pointer in an interface
	}
	return e
}
