package dialer

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/strata-net/strata/sockopt"
)

// direct connects to one target as the Config says, without a rewrite, a proxy or TLS, and sends data, if there is any,
// as the first bytes: with the SYN where TCP Fast Open allows it. A conn that it returns has all of data sent.
func (d *dialer) direct(ctx context.Context, network, address string, data []byte) (net.Conn, error) {
	p, err := d.plan(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn, err := d.connect(ctx, p, network, address)
	if err != nil {
		return nil, err
	}
	return send(ctx, conn, network, address, data)
}

// plan finds out all that can be wrong before a socket is opened.
func (d *dialer) plan(ctx context.Context, network, address string) (*plan, error) {
	base, _, _ := strings.Cut(network, ":")
	p, ok := d.plans[base]
	var err error
	switch {
	case ctx == nil:
		err = errNoContext
	case !ok:
		err = net.UnknownNetworkError(network)
	default:
		return p, p.failure(network, address)
	}
	return nil, &Error{Op: "dial", Network: network, Address: address, Err: err}
}

var errNoContext = errors.New("the context is nil")

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
