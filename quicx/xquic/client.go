package xquic

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/quic"
)

// Dialer dials QUIC conns. [*Client] is one.
type Dialer interface {
	Dial(network, address string) (*quic.Conn, error)
	DialContext(ctx context.Context, network, address string) (*quic.Conn, error)
}

// Client dials QUIC conns from one socket for each version of IP, which is
// opened by the first dial that needs it. It is safe for concurrent use.
type Client struct {
	config *DialConfig
	local  netip.AddrPort

	mu        sync.Mutex
	closed    bool
	endpoints map[string]*quic.Endpoint // by network, udp4 or udp6
}

// NewDialer returns a Client. It opens nothing and resolves nothing. Close must
// follow.
func NewDialer(cfg *DialConfig) (*Client, error) {
	config, local, err := cfg.prepare()
	if err != nil {
		return nil, err
	}
	return &Client{config: config, local: local, endpoints: map[string]*quic.Endpoint{}}, nil
}

// Dial is DialContext without a context.
func (c *Client) Dial(network, address string) (*quic.Conn, error) {
	return c.DialContext(context.Background(), network, address)
}

// DialContext dials an address and returns when the handshake is complete. The
// network is udp, udp4 or udp6. The addresses of a name are tried one after the
// other, each with its share of the time that is left.
func (c *Client) DialContext(ctx context.Context, network, address string) (*quic.Conn, error) {
	if ctx == nil {
		return nil, &Error{Op: "dial", Network: network, Address: address, Err: errNilContext}
	}
	if c.config.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.config.Timeout)
		defer cancel()
	}
	conn, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, &Error{Op: "dial", Network: network, Address: address, Err: err}
	}
	return conn, nil
}

func (c *Client) dial(ctx context.Context, network, address string) (*quic.Conn, error) {
	host, addrs, err := c.resolve(ctx, network, address)
	if err != nil {
		return nil, err
	}
	var errs []error
	for i, a := range addrs {
		conn, err := c.attempt(ctx, host, a, len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		if len(addrs) > 1 {
			err = &Error{Op: "dial", Network: family(a.Addr()), Address: a.String(), Err: err}
		}
		if errs = append(errs, err); over(ctx) {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// over reports whether the time of a context has passed. One that has its
// deadline from it can end a moment sooner than it does.
func over(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && !time.Now().Before(end)
}

// attempt dials one of the addresses that are left.
func (c *Client) attempt(ctx context.Context, host string, a netip.AddrPort, left int) (*quic.Conn, error) {
	endpoint, err := c.endpoint(ctx, family(a.Addr()))
	if err != nil {
		return nil, err
	}
	ctx, cancel := share(ctx, left)
	defer cancel()
	config := c.config.QUIC
	if config.TLSConfig.ServerName == "" {
		config = config.Clone()
		config.TLSConfig = config.TLSConfig.Clone()
		config.TLSConfig.ServerName = host
	}
	return endpoint.Dial(ctx, family(a.Addr()), a.String(), config)
}

// endpoint returns the socket of a version of IP, and opens it if need be.
func (c *Client) endpoint(ctx context.Context, network string) (*quic.Endpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, net.ErrClosed
	}
	if e := c.endpoints[network]; e != nil {
		return e, nil
	}
	s := &socket{network, c.source(), c.config.Options, c.config.ReceiveBuffer, c.config.SendBuffer}
	conn, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	e, err := quic.NewEndpoint(conn, nil)
	if err != nil {
		conn.Close()
		return nil, err
	}
	c.endpoints[network] = e
	return e, nil
}

// source is LocalAddr for package net.
func (c *Client) source() string {
	if c.local.Addr().IsValid() {
		return c.local.String()
	}
	return ":" + strconv.Itoa(int(c.local.Port()))
}

// Close closes all conns and the sockets. It waits for the peers to confirm that,
// until ctx ends; then it closes all the same and returns the context's error.
// A second Close does nothing.
func (c *Client) Close(ctx context.Context) error {
	if ctx == nil {
		return &Error{Op: "close", Err: errNilContext}
	}
	c.mu.Lock()
	c.closed = true
	endpoints := c.endpoints
	c.endpoints = nil
	c.mu.Unlock()
	var errs []error
	for network, e := range endpoints {
		if err := e.Close(ctx); err != nil {
			errs = append(errs, &Error{Op: "close", Network: network, Address: e.LocalAddr().String(), Err: err})
		}
	}
	return errors.Join(errs...)
}
