package dialer

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// Dialer opens conns. Those of this package are safe for concurrent use.
type Dialer interface {
	// Dial is DialContext without a context.
	Dial(network, address string) (net.Conn, error)
	// DialContext connects to the address on the network. Once the context is
	// done it returns an error and no conn; afterwards the context has no
	// effect on the conn.
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// New returns a Dialer for the configuration; nil is the zero Config. It opens
// and resolves nothing. Its error joins an [*Error] for every bad field.
func New(cfg *Config) (Dialer, error) {
	c := cfg.clone()
	if err := c.validate(); err != nil {
		return nil, err
	}
	plain, _ := plainTCP(c)
	l, _ := parseLocal(c.LocalAddr)
	d := &dialer{
		plans:            make(map[string]*plan, len(networks)),
		plain:            plain,
		tls:              c.TLS,
		handshakeTimeout: c.HandshakeTimeout,
	}
	for _, network := range networks {
		d.plans[network] = newPlan(c, l, network, plain == nil)
	}
	return d, nil
}

// dialer is immutable, and so needs no lock.
type dialer struct {
	plans            map[string]*plan // by network, without protocol
	plain            error            // why TCP is not MPTCP, nil if it is
	tls              *tls.Config      // nil for none
	handshakeTimeout time.Duration
}

// Dial is DialContext without a context.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to the address on the network.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	p, err := d.plan(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if d.tls != nil {
		return d.dialTLS(ctx, p, network, address)
	}
	return d.connect(ctx, p, network, address)
}

// plan finds out all that can be wrong before a socket is opened.
func (d *dialer) plan(ctx context.Context, network, address string) (*plan, error) {
	base, _, _ := strings.Cut(network, ":")
	p, ok := d.plans[base]
	var err error
	switch {
	case ctx == nil:
		err = errors.New("the context is nil")
	case !ok:
		err = net.UnknownNetworkError(network)
	default:
		return p, p.failure(network, address)
	}
	return nil, &Error{Op: "dial", Network: network, Address: address, Err: err}
}

// connect opens a conn with all options in force.
func (d *dialer) connect(ctx context.Context, p *plan, network, address string) (net.Conn, error) {
	conn, err := p.net.DialContext(ctx, p.name(network), address)
	if err != nil {
		return nil, &Error{Op: dialOp(err), Network: network, Address: address, Err: err}
	}
	if e := p.finish(ctx, conn); e != nil {
		conn.Close()
		e.Network, e.Address = network, address
		return nil, e
	}
	return conn, nil
}

// finish does what has to wait for the connect.
func (p *plan) finish(ctx context.Context, conn net.Conn) *Error {
	if len(p.established) > 0 {
		if err := apply(p.established, conn); err != nil {
			return &Error{Op: "set option", Err: err}
		}
	}
	if p.requireMP {
		if err := negotiated(conn.(*net.TCPConn)); err != nil {
			return &Error{Op: "dial", Field: "Multipath", Value: "require", Err: err}
		}
	}
	// The context may have ended after the connect.
	if err := ctx.Err(); err != nil {
		return &Error{Op: "dial", Err: err}
	}
	return nil
}

// dialOp names what failed.
func dialOp(err error) string {
	if _, ok := errors.AsType[*sockopt.Error](err); ok {
		return "set option"
	}
	return "dial"
}
