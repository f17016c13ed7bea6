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
		return d.direct(ctx, network, address, data)
	}
	newNetwork, newAddress := to.target(network, address)
	conn, err := d.direct(ctx, newNetwork, newAddress, data)
	if err != nil {
		return nil, &Error{
			Op: "dial", Field: "Rewrites", Value: newNetwork + "|" + newAddress,
			Network: network, Address: address, Err: err,
		}
	}
	return conn, nil
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
	var err error
	d.rewrites, err = newRewrites(c.Rewrites)
	return errors.Join(append(errs, err)...)
}
