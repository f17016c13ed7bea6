package netstack

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// backlog is that of a listener that nobody set: Linux's net.core.somaxconn.
const backlog = 4096

// ListenConfig listens on a stack. Its methods may be called at the same time.
type ListenConfig struct {
	// Stack is the stack. It must not be nil.
	Stack *Stack
	// Backlog is how many conns wait for Accept, at most; more SYNs are not answered.
	// 0 is 4096; at most 65535. Packet conns have none.
	Backlog int
	// Control is called with the endpoint before it is bound. Its error ends the listen.
	Control func(Endpoint) error
}

// Listen is [ListenConfig.Listen] with the default config.
func (s *Stack) Listen(network, address string) (net.Listener, error) {
	return (&ListenConfig{Stack: s}).Listen(context.Background(), network, address)
}

// ListenPacket is [ListenConfig.ListenPacket] with the default config.
func (s *Stack) ListenPacket(network, address string) (net.PacketConn, error) {
	return (&ListenConfig{Stack: s}).ListenPacket(context.Background(), network, address)
}

// Listen listens on a literal address, on "tcp", "tcp4" or "tcp6": the listener is a
// [*TCPListener]. No host is all addresses, with "tcp" those of both families; port 0 is a
// free one.
func (c *ListenConfig) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	e, n, err := c.bind(ctx, network, address, true)
	if err != nil {
		return nil, err
	}
	limit := c.Backlog
	if limit == 0 {
		limit = backlog
	}
	// The engine takes one less than it is told, and with 1 it answers with SYN cookies.
	if err := e.ep.Listen(limit + 1); err != nil {
		e.abort()
		return nil, &net.OpError{Op: "listen", Net: network, Addr: n.addr(e.boundTo()), Err: wrap(err)}
	}
	return newTCPListener(e, n), nil
}

// ListenPacket listens on a literal address, on "udp", "udp4", "udp6" or a network of ICMP
// echo (see [Dialer]): the conn is a [*UDPConn] or a [*PingConn].
func (c *ListenConfig) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	e, n, err := c.bind(ctx, network, address, false)
	if err != nil {
		return nil, err
	}
	if n.transport == UDP {
		return newUDPConn(e, n), nil
	}
	return newPingConn(e, n), nil
}

// bind returns an endpoint with the local address.
func (c *ListenConfig) bind(ctx context.Context, network, address string, stream bool) (*endpoint, network, error) {
	n, local, err := c.parse(ctx, network, address, stream)
	if err != nil {
		return nil, n, &net.OpError{Op: "listen", Net: network, Addr: n.addr(local), Err: err}
	}
	e, err := c.endpoint(n, local)
	if err != nil {
		return nil, n, &net.OpError{Op: "listen", Net: network, Addr: n.addr(local), Err: err}
	}
	return e, n, nil
}

func (c *ListenConfig) parse(ctx context.Context, name, address string, stream bool) (n network, local netip.AddrPort, err error) {
	switch {
	case ctx.Err() != nil:
		return n, local, ended(ctx, nil)
	case c.Stack == nil:
		return n, local, &net.AddrError{Err: "ListenConfig.Stack is nil"}
	case c.Backlog < 0 || c.Backlog > maxBacklog:
		return n, local, &net.AddrError{Err: "ListenConfig.Backlog must be 0 to 65535", Addr: strconv.Itoa(c.Backlog)}
	}
	if n, err = parseNetwork(name); err != nil {
		return n, local, err
	}
	host, port, err := n.split(address)
	if err != nil {
		return n, local, err
	}
	ip, err := n.local(host)
	if err != nil {
		return n, local, err
	}
	if stream != (n.transport == TCP) {
		err = &net.AddrError{Err: "unexpected address type", Addr: address}
	}
	return n, netip.AddrPortFrom(ip, port), err
}

// local returns the address to listen on.
func (n network) local(host string) (netip.Addr, error) {
	if host == "" {
		if n.only == IPv4 || n.transport == ICMPv4 {
			return netip.IPv4Unspecified(), nil
		}
		return netip.IPv6Unspecified(), nil
	}
	ip, ok, err := n.literal(host)
	if err == nil && !ok {
		err = &net.DNSError{Err: "not a literal address", Name: host, IsNotFound: true}
	}
	return ip, err
}

func (c *ListenConfig) endpoint(n network, local netip.AddrPort) (*endpoint, error) {
	full, err := c.Stack.fullAddress(local)
	if err != nil {
		return nil, err
	}
	e, err := c.Stack.newEndpoint(n.protocols(local.Addr()))
	if err != nil {
		return nil, err
	}
	o := e.ep.SocketOptions()
	// As package net: only what listens on all addresses of "tcp" or "udp" takes both families.
	o.SetV6Only(n.only == IPv6 || !local.Addr().IsUnspecified())
	o.SetReuseAddress(n.transport == TCP)
	if c.Control != nil {
		err = c.Control(e)
	}
	if err == nil {
		err = wrap(e.engine().Bind(full))
	}
	if err != nil {
		e.abort()
		return nil, err
	}
	return e, nil
}

// boundTo returns the address that the endpoint is bound to; where it is bound to all, the
// unspecified one.
func (e *endpoint) boundTo() netip.AddrPort {
	a, _ := e.ep.GetLocalAddress()
	local := e.s.addrPort(a)
	switch {
	case local.Addr().IsValid():
		return local
	case e.network == IPv4:
		return netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port)
	default:
		return netip.AddrPortFrom(netip.IPv6Unspecified(), a.Port)
	}
}

// TCPListener is a listener of a stack. Its methods may be called at the same time.
type TCPListener struct {
	e    *endpoint
	n    network
	addr net.Addr
	in   gate
}

var _ net.Listener = (*TCPListener)(nil)

func newTCPListener(e *endpoint, n network) *TCPListener {
	l := &TCPListener{e: e, n: n, addr: n.addr(e.boundTo())}
	l.in.open(e.wq, waiter.ReadableEvents|waiter.EventErr|waiter.EventHUp)
	return l
}

// Accept is AcceptTCP.
func (l *TCPListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptTCP waits for the next conn. A listener that is closed says [net.ErrClosed].
func (l *TCPListener) AcceptTCP() (*TCPConn, error) {
	l.in.turn.Lock()
	defer l.in.turn.Unlock()
	for {
		if err := l.in.err(); err != nil {
			return nil, l.fail("accept", err)
		}
		ep, wq, err := l.e.ep.Accept(nil)
		switch err.(type) {
		case nil:
			return l.conn(ep, wq), nil
		case *tcpip.ErrWouldBlock:
			l.in.wait()
		default:
			return nil, l.fail("accept", l.e.cause(err))
		}
	}
}

func (l *TCPListener) conn(ep tcpip.Endpoint, wq *waiter.Queue) *TCPConn {
	c := newTCPConn(l.e.s.adopt(ep, wq, TCP, l.e.network))
	c.network = l.n.name
	return c
}

// Close ends the listener: Accept returns [net.ErrClosed], conns that nobody accepted are
// reset. Those that were accepted stay.
func (l *TCPListener) Close() error {
	if !l.in.close() {
		return l.fail("close", net.ErrClosed)
	}
	l.e.close()
	return nil
}

// Addr returns the address that is listened on, a [*net.TCPAddr], also after Close.
func (l *TCPListener) Addr() net.Addr { return l.addr }

// SetDeadline sets the deadline of Accept. The zero time is none.
func (l *TCPListener) SetDeadline(t time.Time) error {
	if err := l.in.set(t); err != nil {
		return l.fail("set", err)
	}
	return nil
}

func (l *TCPListener) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: l.n.name, Addr: l.addr, Err: err}
}
