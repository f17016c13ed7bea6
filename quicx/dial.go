package quicx

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"
)

// dial is what all dials are.
func (c *Client) dial(ctx context.Context, network, address, name string, early bool) (*quic.Conn, error) {
	if c.config.OnEvent == nil || ctx == nil {
		return c.connected(ctx, network, address, name, early)
	}
	e := DialEvent{Context: ctx, Network: network, Address: address, Start: time.Now()}
	var conn *quic.Conn
	conn, e.Err = c.connected(ctx, network, address, name, early)
	c.config.tell(e, conn)
	return conn, e.Err
}

// connected is dial with nobody told.
func (c *Client) connected(ctx context.Context, network, address, name string, early bool) (*quic.Conn, error) {
	failed := func(err error) (*quic.Conn, error) {
		return nil, &Error{Op: "dial", Network: network, Address: address, Err: err}
	}
	if ctx == nil {
		return failed(errNilContext)
	}
	if err := c.begin(); err != nil {
		return failed(err)
	}
	defer c.dials.Done()
	limit, cancel := c.within(ctx)
	defer cancel()
	if c.config.Timeout > 0 {
		limit, cancel = context.WithTimeout(limit, c.config.Timeout)
		defer cancel()
	}
	conn, err := c.reach(limit, network, address, name, early)
	if err == nil {
		return conn, nil
	}
	e := &Error{Op: "dial", Network: network, Address: address, Err: err}
	if errors.Is(context.Cause(limit), context.DeadlineExceeded) && ctx.Err() == nil {
		e.Field, e.Value = "Timeout", c.config.Timeout.String()
	}
	return nil, e
}

// reach resolves the address and races what it stands for. An empty name is that of the TLS config, or the host.
func (c *Client) reach(ctx context.Context, network, address, name string, early bool) (*quic.Conn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	d, err := c.resolve(ctx, network, address)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), err)
		}
		return nil, err
	}
	config := c.config.TLS
	if name = unzoned(cmp.Or(name, config.ServerName, d.name)); name != config.ServerName {
		config = config.Clone()
		config.ServerName = name
	}
	if config.ServerName == "" && !config.InsecureSkipVerify {
		return nil, errors.New("the address has no host: set TLS.ServerName or TLS.InsecureSkipVerify")
	}
	r := race{delay: c.config.FallbackDelay, attempt: func(ctx context.Context, a netip.AddrPort) (*quic.Conn, error) {
		return c.attempt(ctx, a, config, early)
	}}
	return r.run(ctx, d.addrs)
}

// attempt dials one address.
func (c *Client) attempt(ctx context.Context, a netip.AddrPort, config *tls.Config, early bool) (*quic.Conn, error) {
	conn, p, err := c.connect(ctx, a, config, early)
	if errors.Is(err, quic.ErrTransportClosed) && ctx.Err() == nil {
		// The socket had failed before, or did now: with another one it may do.
		conn, p, err = c.connect(ctx, a, config, early)
	}
	switch {
	case err != nil:
		return nil, err
	case ctx.Err() != nil: // both at once
		err = context.Cause(ctx)
	case c.enter(conn, p):
		return conn, nil
	default:
		err = errClientClosed
	}
	conn.CloseWithError(0, "") //nolint:errcheck // it has none
	c.release(p)
	return nil, err
}

// connect dials an address once. The port that it returns with a conn is to be released.
func (c *Client) connect(
	ctx context.Context, a netip.AddrPort, config *tls.Config, early bool,
) (*quic.Conn, *port, error) {
	p, err := c.acquire(ctx, family(a.Addr()), c.local)
	if err != nil {
		return nil, nil, err
	}
	dial := p.transport.Dial
	if early {
		dial = p.transport.DialEarly
	}
	conn, err := dial(ctx, net.UDPAddrFromAddrPort(a), config, c.config.QUIC)
	if err == nil {
		return conn, p, nil
	}
	if errors.Is(err, quic.ErrTransportClosed) {
		c.discard(p)
	}
	c.release(p)
	return nil, nil, err
}
