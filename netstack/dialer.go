package netstack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// Resolver finds the addresses of a name. A [*net.Resolver] is one; with PreferGo and the
// Dial of a [Dialer] it asks its name servers through the stack.
type Resolver interface {
	// LookupNetIP returns the addresses of host. network is "ip", "ip4" or "ip6".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dialer dials through a stack. Its methods may be called at the same time.
//
// Networks are "tcp", "udp", each also with 4 or 6, and for ICMP echo "ip4:icmp",
// "ip6:ipv6-icmp" or "ping" (by the address's family), whose address is a host. Errors
// are [*net.OpError] as those of a [net.Dialer]; several addresses that fail are joined in one.
type Dialer struct {
	// Stack is the stack. It must not be nil.
	Stack *Stack
	// LocalAddr is where conns come from. The zero value is any address and port; an
	// address without a port, or an unspecified one with a port, leaves the other open.
	// Targets of the other family are refused. ICMP takes Port as the identifier.
	LocalAddr netip.AddrPort
	// Timeout bounds a whole dial, with the names. 0 is none, a negative one is refused.
	Timeout time.Duration
	// FallbackDelay is how long the second family of a name that has both waits for the
	// first (RFC 8305). 0 is 300 ms; a negative one tries all addresses one by one.
	FallbackDelay time.Duration
	// Resolver finds names. nil knows literal addresses only.
	Resolver Resolver
	// Control is called with each endpoint before it is bound and connected. Its error
	// ends the dial. It may be called several times at once, for addresses that race.
	Control func(Endpoint) error
}

// Dial is DialContext without a context.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to address: the conn is a [*TCPConn], a [*UDPConn] or a [*PingConn].
// An empty or unspecified host is the stack's own loopback address. When ctx ends, the
// error is what it says and its cause; that of a deadline says Timeout.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	n, err := parseNetwork(network)
	if err == nil {
		err = d.check()
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	targets, err := d.targets(ctx, n, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: ended(ctx, err)}
	}
	return (&dial{d, n}).all(ctx, targets)
}

func (d *Dialer) check() error {
	switch {
	case d.Stack == nil:
		return &net.AddrError{Err: "Dialer.Stack is nil"}
	case d.Timeout < 0:
		return &net.AddrError{Err: "Dialer.Timeout must not be negative", Addr: d.Timeout.String()}
	}
	return nil
}

// targets returns the addresses that address names, those of the local family only.
func (d *Dialer) targets(ctx context.Context, n network, address string) ([]netip.AddrPort, error) {
	host, port, err := n.split(address)
	if err != nil {
		return nil, err
	}
	ips, err := d.lookup(ctx, n, host)
	if err != nil {
		return nil, err
	}
	var targets []netip.AddrPort
	for _, ip := range ips {
		if ip = ip.Unmap(); n.allows(ip) && d.matches(ip) {
			targets = append(targets, netip.AddrPortFrom(ip, port))
		}
	}
	if len(targets) == 0 {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return targets, nil
}

// matches reports whether a target is of the local address's family.
func (d *Dialer) matches(ip netip.Addr) bool {
	local := d.LocalAddr.Addr().Unmap()
	return !local.IsValid() || local == netip.IPv6Unspecified() || local.Is4() == ip.Is4()
}

func (d *Dialer) lookup(ctx context.Context, n network, host string) ([]netip.Addr, error) {
	if host == "" {
		return d.loopback(n), nil
	}
	ip, ok, err := n.literal(host)
	switch {
	case err != nil:
		return nil, err
	case ok && ip.IsUnspecified():
		return d.loopback(network{only: protocolNumber(ip)}), nil
	case ok:
		return []netip.Addr{ip}, nil
	case d.Resolver == nil:
		return nil, &net.DNSError{Err: "the dialer has no resolver", Name: host, IsNotFound: true}
	}
	family := map[NetworkProtocolNumber]string{0: "ip", IPv4: "ip4", IPv6: "ip6"}
	return d.Resolver.LookupNetIP(ctx, family[n.only], host)
}

// loopback returns the stack itself, as package net reads an empty host.
func (d *Dialer) loopback(n network) []netip.Addr {
	if n.only == IPv6 || n.only == 0 && d.LocalAddr.Addr().Unmap().Is6() {
		return []netip.Addr{netip.IPv6Loopback()}
	}
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
}

// fail returns err in the shape of package net.
func (d *Dialer) fail(n network, target netip.AddrPort, err error) error {
	op := &net.OpError{Op: "dial", Net: n.name, Err: err}
	if d.LocalAddr.IsValid() {
		op.Source = n.addr(d.LocalAddr)
	}
	if target.IsValid() {
		op.Addr = n.addr(target)
	}
	return op
}

// ended returns what ended ctx, or err when nothing did.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &contextError{ctx.Err(), context.Cause(ctx)}
}

// contextError is the end of a context as package net says it, with its cause.
type contextError struct{ err, cause error }

func (e *contextError) Error() string {
	text := "operation was canceled"
	if e.Timeout() {
		text = "i/o timeout"
	}
	if e.cause != e.err { //nolint:errorlint // a cause that wraps the error says more
		text += ": " + e.cause.Error()
	}
	return text
}

// Timeout reports whether it was a deadline.
func (e *contextError) Timeout() bool { return errors.Is(e.err, context.DeadlineExceeded) }

// Temporary makes it a [net.Error].
func (e *contextError) Temporary() bool { return e.Timeout() }

func (e *contextError) Unwrap() []error { return []error{e.err, e.cause} }
