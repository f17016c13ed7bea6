package dialer

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// reach connects to the target that the rewrites make of the dialled one. It
// sends data as the first bytes, as direct does.
func (d *dialer) reach(ctx context.Context, network, address string, data []byte) (net.Conn, error) {
	to := d.rewrites.find(network, address)
	if to == nil {
		return d.begin(ctx, network, address, data)
	}
	newNetwork, newAddress := to.target(network, address)
	conn, err := d.begin(ctx, newNetwork, newAddress, data)
	if err != nil {
		return nil, &Error{
			Op: "dial", Field: "Rewrites", Value: newNetwork + "|" + newAddress,
			Network: network, Address: address, Err: err,
		}
	}
	return conn, nil
}

// begin connects to the target, through proxies if they are on the way, and
// sends the PROXY header before data.
func (d *dialer) begin(ctx context.Context, network, address string, data []byte) (net.Conn, error) {
	if ctx == nil {
		return nil, &Error{Op: "dial", Network: network, Address: address, Err: errNoContext}
	}
	hops, e := d.chain(network, address)
	var header []byte
	if e == nil {
		header, e = d.proxyHeader(ctx)
	}
	if e != nil {
		e.Network, e.Address = network, address
		return nil, e
	}
	if len(hops) == 0 && (len(header) == 0 || len(data) > 0) {
		// Data that may go with the SYN may do so behind the header.
		return d.direct(ctx, network, address, append(header, data...))
	}
	return d.layered(ctx, hops, network, address, header, data)
}

// layered is begin for what takes more than one step: all within Config.Timeout.
func (d *dialer) layered(ctx context.Context, hops []*hop, network, address string, header, data []byte) (net.Conn, error) {
	if d.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d.timeout, errTimeout)
		defer cancel()
	}
	var conn net.Conn
	var err error
	if len(hops) == 0 {
		conn, err = d.direct(ctx, network, address, nil)
	} else {
		conn, err = d.dialChain(ctx, hops, network, address)
	}
	if err != nil {
		return nil, err
	}
	if conn, err = d.sendHeader(ctx, conn, network, address, header); err != nil {
		return nil, err
	}
	return send(ctx, conn, network, address, data)
}

// sendHeader sends the PROXY header within Config.HandshakeTimeout.
func (d *dialer) sendHeader(ctx context.Context, conn net.Conn, network, address string, header []byte) (net.Conn, error) {
	limit, cancel := context.WithTimeoutCause(ctx, d.handshakeTimeout, errHandshakeTimeout)
	defer cancel()
	conn, err := send(limit, conn, network, address, header)
	if e, ok := errors.AsType[*Error](err); ok {
		d.overtime(limit, e)
	}
	return conn, err
}

// route makes what leads dials elsewhere. The plans have to be there: a rule
// that leads to a network that cannot be dialled is of no use.
func (d *dialer) route(c *Config) error {
	var errs []error
	for i, r := range c.Rewrites {
		for _, e := range d.plans[r.ToNetwork].errs {
			errs = append(errs, badRewrite(i, r, fmt.Errorf("%s=%s: %w", e.Field, e.Value, e.Err)))
		}
	}
	d.rewrites, _ = newRewrites(c.Rewrites) // both were validated
	d.hops, _ = newHops(c.Proxies)
	if c.ProxyFromEnvironment {
		var err error
		if d.environment, err = newEnvironment(); err != nil {
			errs = append(errs, &Error{Op: "config", Field: "ProxyFromEnvironment", Err: err})
		}
	}
	return errors.Join(errs...)
}
