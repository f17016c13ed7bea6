package dialer

import (
	"context"
	"errors"
	"net"
	"net/netip"
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
	conn, sent, e := p.connect(ctx, network, address, data)
	if e != nil {
		e.Network, e.Address = network, address
		return nil, e
	}
	if r := p.record(ctx); r != nil {
		r.won(conn)
	}
	return send(ctx, conn, network, address, data[sent:])
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

// connect opens a conn with all options in force, and tells how much of data went with its SYN. The caller knows which
// target the error is about.
func (p *plan) connect(ctx context.Context, network, address string, data []byte) (net.Conn, int, *Error) {
	ip, ok := literal(p.network, address)
	if e := p.excludes(ip); e != nil {
		return nil, 0, e
	}
	if ok && !(p.expand && ambiguous(p.network, ip)) {
		t := target{network: p.name(network), address: address, version: versionOf(ip), asked: address, data: data}
		return p.attempt(ctx, t)
	}
	return p.connectName(ctx, network, address, data)
}

// excludes says why the family does not allow an address. The zero Addr is none.
func (p *plan) excludes(ip netip.Addr) *Error {
	if p.family.allows(versionOf(ip)) {
		return nil
	}
	err := &net.AddrError{Err: "excluded", Addr: ip.String()}
	return &Error{Op: "dial", Field: "Family", Value: p.family.String(), Err: err}
}

// connectName resolves a name and connects to one of its addresses.
func (p *plan) connectName(ctx context.Context, network, address string, data []byte) (net.Conn, int, *Error) {
	limited := ctx
	if p.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
	}
	found, err := p.resolve(limited, network, address)
	if err != nil {
		return nil, 0, err
	}
	r := race{plan: p, network: network, address: address, found: found, data: data}
	o := r.run(limited)
	switch {
	case o.conn == nil:
		return nil, 0, &Error{Op: "dial", Err: o.failed}
	case ctx.Err() != nil:
		o.conn.Close()
		return nil, 0, &Error{Op: "dial", Err: ctx.Err()}
	}
	return o.conn, o.sent, nil
}

// A target is a single address that needs no resolver.
type target struct {
	network, address string // for package net
	version          int    // of IP; 0 for unix, and if package net is to decide
	asked            string // the address that the caller gave
	data             []byte
}

// attempt connects to one address, and tells how much of data went with the SYN.
func (p *plan) attempt(ctx context.Context, t target) (net.Conn, int, *Error) {
	r := p.record(ctx)
	if r == nil {
		return p.try(ctx, t)
	}
	step := r.begin(StepConnect, t.address)
	conn, sent, e := p.try(ctx, t)
	if e != nil {
		r.end(step, nil, e)
		return nil, 0, e
	}
	r.end(step, conn, nil)
	return conn, sent, nil
}

// record returns nil if nobody wants to hear of steps.
func (p *plan) record(ctx context.Context) *record {
	if !p.told {
		return nil
	}
	return recordOf(ctx)
}

// try is attempt with nobody told.
func (p *plan) try(ctx context.Context, t target) (net.Conn, int, *Error) {
	if p.defers(t.data) {
		return p.attemptFast(ctx, t)
	}
	conn, err := p.open(ctx, t, false)
	if err != nil {
		return nil, 0, p.blame(t, err)
	}
	return p.finish(ctx, t, conn, 0)
}

// open lets package net connect, from the right source and in the right namespace.
func (p *plan) open(ctx context.Context, t target, fast bool) (net.Conn, error) {
	if p.pool == nil && p.netns == nil && !fast {
		return p.net.DialContext(ctx, t.network, t.address)
	}
	d := p.net
	if fast {
		d.Control = p.fastControl
	}
	if p.pool != nil {
		source, err := p.pool.pick(t.asked, t.version)
		if err != nil {
			return nil, &Error{Op: "dial", Field: p.sourceField, Value: p.sourceValue, Err: err}
		}
		d.LocalAddr = source
	}
	if p.netns != nil {
		return p.netns.dial(ctx, d, t.network, t.address)
	}
	return d.DialContext(ctx, t.network, t.address)
}

// blame names what failed, and the field of the Config if it is one.
func (p *plan) blame(t target, err error) *Error {
	e := &Error{Op: "dial", Network: t.network, Address: t.address, Err: err}
	if own, ok := errors.AsType[*Error](err); ok { // of our Control, or of open itself
		e.Op, e.Field, e.Value, e.Err = own.Op, own.Field, own.Value, own.Err
	}
	if option, ok := errors.AsType[*sockopt.Error](err); ok {
		e.Op = "set option"
		if f, ok := p.fields[option.Option]; ok {
			e.Field, e.Value = f.name, f.value
		}
	}
	return e
}

// finish does what has to wait for the connect, or closes the conn.
func (p *plan) finish(ctx context.Context, t target, conn net.Conn, sent int) (net.Conn, int, *Error) {
	e := p.settle(ctx, conn)
	if e == nil {
		return conn, sent, nil
	}
	conn.Close()
	e.Network, e.Address = t.network, t.address
	return nil, 0, e
}

// settle puts the options of the established stage in force.
func (p *plan) settle(ctx context.Context, conn net.Conn) *Error {
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
