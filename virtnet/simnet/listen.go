package simnet

import (
	"context"
	"net"
	"net/netip"
	"slices"
)

// Listen opens a listener on "host:port". host is the name of the host or one of its
// addresses; empty, "0.0.0.0" and "::" are all of its addresses. With port 0, or
// without an address at all, it gets the next free port. The listener is a [*Listener].
func (h *Host) Listen(laddr string) (net.Listener, error) {
	return h.ListenContext(context.Background(), laddr)
}

// ListenContext is Listen, unless the context has ended.
func (h *Host) ListenContext(ctx context.Context, laddr string) (net.Listener, error) {
	local, err := h.place(laddr)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, h.listenError(TCP, local, err)
	}
	l, why := h.listen(local)
	if why != 0 {
		return nil, h.listenError(TCP, local, h.net.err(why, "bind"))
	}
	return l, nil
}

// listenError says what Listen or ListenPacket failed of.
func (h *Host) listenError(proto Protocol, local netip.AddrPort, err error) error {
	e := &net.OpError{Op: "listen", Net: h.net.proto(proto), Err: err}
	switch {
	case local.Addr().IsValid() && !h.self(local.Addr()):
		e.Addr = h.net.addr(proto, local) // another host's
	case h.net.cfg.Names || local != (netip.AddrPort{}):
		e.Addr = h.addr(proto, local)
	}
	return e
}

// place returns the address that a text means for this host: without an IP if it is all
// of the host's.
func (h *Host) place(laddr string) (netip.AddrPort, error) {
	if why := h.downWhy(); why != 0 {
		return netip.AddrPort{}, h.net.err(why, "bind")
	}
	if laddr == "" {
		return netip.AddrPort{}, nil
	}
	host, port, err := splitPort(laddr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" || host == h.name {
		return netip.AddrPortFrom(netip.Addr{}, port), nil
	}
	addrs, err := h.Resolver().lookup(context.Background(), host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if len(addrs) > 0 && addrs[0].IsUnspecified() {
		return netip.AddrPortFrom(netip.Addr{}, port), nil
	}
	at := netip.AddrPortFrom(addrs[0], port)
	if !slices.ContainsFunc(addrs, h.self) {
		return at, h.net.err(notLocal, "bind")
	}
	return at, nil
}

// listen opens a listener.
func (h *Host) listen(at netip.AddrPort) (*Listener, cause) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.why != 0 {
		return nil, h.why
	}
	at, why := h.claim(&h.streams, at, func(port uint16) bool { return h.clashes(at.Addr(), port) })
	if why != 0 {
		return nil, why
	}
	l := newListener(h, at)
	h.listeners[at] = l
	return l, 0
}

// claim takes a port for a socket.
func (h *Host) claim(p *ports, at netip.AddrPort, clashes func(uint16) bool) (netip.AddrPort, cause) {
	if at.Port() == 0 {
		port := h.free(p)
		if port == 0 {
			return at, portTaken
		}
		return netip.AddrPortFrom(at.Addr(), uint16(port)), 0 //nolint:gosec // a port
	}
	if clashes(at.Port()) {
		return at, portTaken
	}
	if !p.take(int(at.Port())) {
		if h.net.cfg.Names {
			return at, portTaken // a conn that dialled has it
		}
		p.share(int(at.Port()))
	}
	return at, 0
}

// clashes reports whether somebody listens on a port at the address, or one that
// includes it.
func (h *Host) clashes(at netip.Addr, port uint16) bool {
	for l := range h.listeners {
		if l.Port() == port && (l.Addr() == at || !l.Addr().IsValid() || !at.IsValid()) {
			return true
		}
	}
	return false
}
