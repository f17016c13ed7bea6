package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"
)

// A dial makes the conns of one transport, each with an end in time.
type dial struct {
	raw                       func(ctx context.Context, network, address string) (net.Conn, error)
	timeout, handshakeTimeout time.Duration // 0 for none
	proxies                   *proxies
}

func newDial(c *TransportConfig, p *proxies) *dial {
	d := &dial{
		raw:              c.DialContext,
		timeout:          limit(c.DialTimeout, DefaultDialTimeout),
		handshakeTimeout: limit(c.TLSHandshakeTimeout, DefaultTLSHandshakeTimeout),
		proxies:          p,
	}
	switch {
	case c.Dialer != nil:
		d.raw = c.Dialer.DialContext
	case d.raw == nil:
		d.raw = new(net.Dialer).DialContext
	}
	return d
}

// dial is called by net/http with the address of a target or of a proxy.
func (d *dial) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if proxy, ok := d.proxies.unmark(address); ok {
		return d.dialSecure(ctx, network, proxy)
	}
	return d.dialRaw(ctx, network, address)
}

// The causes by which a context tells which of the timeouts it was.
var (
	errDialTimeout      = errors.New("DialTimeout")
	errHandshakeTimeout = errors.New("TLSHandshakeTimeout")
)

func (d *dial) dialRaw(ctx context.Context, network, address string) (net.Conn, error) {
	limited := ctx
	if d.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeoutCause(ctx, d.timeout, errDialTimeout)
		defer cancel()
	}
	conn, err := d.raw(limited, network, address)
	switch {
	case err != nil && errors.Is(context.Cause(limited), errDialTimeout):
		return nil, &Error{Op: "dial " + address, Field: "DialTimeout", Value: d.timeout.String(), Err: err}
	case err != nil:
		return nil, err // names the address itself
	case conn == nil:
		return nil, &Error{Op: "dial " + address, Field: "Dialer", Err: errors.New("returns neither a conn nor an error")}
	case limited.Err() != nil: // a Dialer that did not look at its context
		conn.Close()
		return nil, &Error{Op: "dial " + address, Err: limited.Err()}
	}
	return plain(conn, address)
}

// dialSecure connects to an https proxy. Its TLS is not that of the target.
func (d *dial) dialSecure(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := d.dialRaw(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := d.proxies.tls
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = hostOf(address)
	}
	limited, cancel := context.WithTimeoutCause(ctx, d.handshakeTimeout, errHandshakeTimeout)
	defer cancel()
	conn := tls.Client(raw, config)
	err = conn.HandshakeContext(limited)
	if err == nil {
		return hidden{conn}, nil
	}
	raw.Close()
	e := &Error{Op: "handshake with proxy " + address, Err: err}
	if errors.Is(context.Cause(limited), errHandshakeTimeout) {
		e.Field, e.Value = "TLSHandshakeTimeout", d.handshakeTimeout.String()
	}
	return nil, e
}

// hidden is a conn whose TLS belongs to a proxy: net/http would take it for that of the target.
type hidden struct{ net.Conn }

// plain returns the conn unless it is TLS to the target: then http would go out
// over TLS, and https over two of them.
func plain(conn net.Conn, address string) (net.Conn, error) {
	state, ok := tlsOf(conn)
	switch {
	case !ok:
		return conn, nil
	case toTarget(state, conn.RemoteAddr(), address):
		conn.Close()
		return nil, &Error{Op: "dial " + address, Field: "Dialer", Err: errTLSConn}
	}
	return hidden{conn}, nil
}

var errTLSConn = errors.New("returns a conn that is TLS to the target already: " +
	"the scheme of the URL decides on TLS, whose config belongs into TLS")

// tlsOf returns what the conn, or one that it wraps, says of its TLS.
func tlsOf(conn net.Conn) (state tls.ConnectionState, ok bool) {
	for range 16 { // no wrapper is that deep, but one may return itself
		if c, is := conn.(interface{ ConnectionState() tls.ConnectionState }); is {
			return c.ConnectionState(), true
		}
		c, is := conn.(interface{ NetConn() net.Conn })
		if !is {
			break
		}
		if conn = c.NetConn(); conn == nil {
			break
		}
	}
	return state, false
}

// toTarget reports whether the TLS of a conn ends at the target, and not at a proxy that the dialer goes through.
func toTarget(s tls.ConnectionState, remote net.Addr, address string) bool {
	if !s.HandshakeComplete {
		return true // a proxy would have been asked over it already
	}
	if s.ServerName != "" && strings.EqualFold(s.ServerName, strings.TrimSuffix(hostOf(address), ".")) {
		return true
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil || remote == nil {
		return false
	}
	there, err := netip.ParseAddrPort(remote.String())
	return err == nil && there.Port() == target.Port() && there.Addr().Unmap() == target.Addr().Unmap()
}

// hostOf is for addresses that net/http makes: they have a port.
func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}
