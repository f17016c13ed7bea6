package netstack

import (
	"net/netip"
	"slices"
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// Connect implements Endpoint.
func (e *endpoint) Connect(address FullAddress) error {
	ep, err := e.use("connect")
	if err != nil {
		return err
	}
	if address == (FullAddress{}) && e.transport == UDP {
		return fail("connect", ep.Disconnect())
	}
	to, err := e.peer("connect", address)
	if err != nil {
		return err
	}
	return failAt("connect", address, e.connect(to))
}

// connect is Connect of the engine, without its flaw that an ICMP endpoint that was bound
// stays registered by its old addresses, for ever, and cannot connect to its peer again.
func (e *endpoint) connect(to tcpip.FullAddress) tcpip.Error {
	if e.transport == TCP || e.transport == UDP {
		return e.engine().Connect(to)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	ep, ok := e.ep.(stack.TransportEndpoint)
	old := e.ep.Info().(*stack.TransportEndpointInfo).ID
	if !ok || old.LocalPort == 0 || e.closed.Load() {
		return e.ep.Connect(to)
	}
	t, n := tcpip.TransportProtocolNumber(e.transport), []tcpip.NetworkProtocolNumber{tcpip.NetworkProtocolNumber(e.network)}
	nic := tcpip.NICID(e.ep.SocketOptions().GetBindToDevice())
	e.s.engine.UnregisterTransportEndpoint(n, t, old, ep, ports.Flags{}, nic)
	err := e.ep.Connect(to)
	if err != nil { // it stays what it was
		_ = e.s.engine.RegisterTransportEndpoint(n, t, old, ep, ports.Flags{}, nic)
	}
	return err
}

// ConnectEndpoint implements Endpoint.
func (e *endpoint) ConnectEndpoint(server Endpoint) error {
	to, ok := server.(*endpoint)
	if !ok || to == nil {
		return &Error{Op: "connect endpoint", Field: "server", Err: ErrNotSupported}
	}
	if _, err := to.use("connect endpoint"); err != nil {
		return err
	}
	if to.transport != e.transport || e.transport != TCP && e.transport != UDP {
		return &Error{Op: "connect endpoint", Field: "server", Err: ErrNotSupported}
	}
	a, err := to.GetLocalAddress()
	if err != nil {
		return err
	}
	if a.Port == 0 {
		return &Error{Op: "connect endpoint", Field: "server", Err: ErrInvalidEndpointState}
	}
	if a.Addr.IsUnspecified() {
		if a.Addr, err = e.reachable(to); err != nil {
			return err
		}
	}
	if to.s != e.s {
		a.NIC = 0 // a number of the other stack's
	}
	return e.Connect(a)
}

// reachable returns an address of the stack of to that there is a route to.
func (e *endpoint) reachable(to *endpoint) (netip.Addr, error) {
	for _, a := range to.addresses() {
		full, err := e.full("connect endpoint", FullAddress{Addr: a})
		if err != nil || e.s != to.s && a.IsLoopback() {
			continue
		}
		n := tcpip.NetworkProtocolNumber(IPv6)
		if a.Is4() {
			n, full.Addr = tcpip.NetworkProtocolNumber(IPv4), tcpip.AddrFrom4(a.As4())
		}
		if r, err := e.s.engine.FindRoute(0, tcpip.Address{}, full.Addr, n, false); err == nil {
			r.Release()
			return a, nil
		}
	}
	return netip.Addr{}, &Error{Op: "connect endpoint", Field: "server", Err: ErrNoRoute}
}

// addresses returns the addresses of the stack that e can be reached at, in the order of
// its NICs.
func (e *endpoint) addresses() []netip.Addr {
	all := e.s.engine.AllAddresses()
	ids := make([]tcpip.NICID, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var list []netip.Addr
	for _, id := range ids {
		for _, a := range all[id] {
			addr := e.address(tcpip.FullAddress{Addr: a.AddressWithPrefix.Address}).Addr
			if addr.Is6() == (e.network == IPv6) || addr.Is4() && !e.ep.SocketOptions().GetV6Only() {
				list = append(list, addr)
			}
		}
	}
	return list
}

// ShutdownFlags is a set of directions.
type ShutdownFlags int

// The directions of Shutdown. They can be or-ed.
const (
	ShutdownRead ShutdownFlags = 1 << iota
	ShutdownWrite
)

// Shutdown implements Endpoint.
func (e *endpoint) Shutdown(flags ShutdownFlags) error {
	if flags&^(ShutdownRead|ShutdownWrite) != 0 || flags == 0 {
		return &Error{
			Op: "shutdown", Field: "flags", Value: strconv.Itoa(int(flags)),
			Err: outOfRange(int64(ShutdownRead), int64(ShutdownRead|ShutdownWrite)),
		}
	}
	ep, err := e.use("shutdown")
	if err != nil {
		return err
	}
	var f tcpip.ShutdownFlags
	if flags&ShutdownRead != 0 {
		f |= tcpip.ShutdownRead
	}
	if flags&ShutdownWrite != 0 {
		e.uncork()
		f |= tcpip.ShutdownWrite
	}
	return fail("shutdown", ep.Shutdown(f))
}

// GetLocalAddress implements Endpoint.
func (e *endpoint) GetLocalAddress() (FullAddress, error) {
	a, err := e.engine().GetLocalAddress()
	if err != nil {
		return FullAddress{}, fail("get local address", err)
	}
	return e.address(a), nil
}

// GetRemoteAddress implements Endpoint.
func (e *endpoint) GetRemoteAddress() (FullAddress, error) {
	ep := e.engine()
	a, err := ep.GetRemoteAddress()
	if err != nil && e.wasConnected(ep) { // the engine forgets the peer with a reset
		id := ep.Info().(*stack.TransportEndpointInfo).ID
		a, err = tcpip.FullAddress{Addr: id.RemoteAddress, Port: id.RemotePort}, nil
	}
	if err != nil {
		return FullAddress{}, fail("get remote address", err)
	}
	return e.address(a), nil
}

// wasConnected tells a conn that has ended from one that never began: that one has no
// congestion window.
func (e *endpoint) wasConnected(ep tcpip.Endpoint) bool {
	var info tcpip.TCPInfoOption
	return e.transport == TCP && ep.GetSockOpt(&info) == nil && info.SndCwnd != 0
}
