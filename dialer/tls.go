package dialer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
)

// dialTLS connects and shakes hands, all of it within Config.Timeout.
func (d *dialer) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	if ctx == nil {
		return nil, &Error{Op: "dial", Network: network, Address: address, Err: errNoContext}
	}
	config, err := d.tlsConfig(network, address)
	if err != nil {
		return nil, &Error{Op: "dial", Field: "TLS", Network: network, Address: address, Err: err}
	}
	if d.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d.timeout, errTimeout)
		defer cancel()
	}
	raw, err := d.reach(ctx, network, address, nil)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, config)
	if err := d.shake(ctx, conn, network, address); err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

// The causes by which a context tells which of the timeouts it was.
var (
	errTimeout          = errors.New("Timeout")
	errHandshakeTimeout = errors.New("HandshakeTimeout")
)

// shake is handshake, as a step.
func (d *dialer) shake(ctx context.Context, conn *tls.Conn, network, address string) error {
	if d.onEvent == nil {
		return d.handshake(ctx, conn, network, address)
	}
	r := recordOf(ctx)
	step := r.begin(StepHandshake, address)
	err := d.handshake(ctx, conn, network, address)
	r.end(step, nil, err)
	return err
}

// handshake always has an end: the context alone could last for ever.
func (d *dialer) handshake(ctx context.Context, conn *tls.Conn, network, address string) error {
	limit, cancel := context.WithTimeoutCause(ctx, d.handshakeTimeout, errHandshakeTimeout)
	defer cancel()
	err := conn.HandshakeContext(limit)
	if err == nil {
		// The context may have ended after the last byte was read.
		err = ctx.Err()
	}
	if err == nil {
		return nil
	}
	e := &Error{Op: "handshake", Network: network, Address: address, Err: err}
	d.overtime(limit, e)
	return e
}

// overtime names the field of the Config that ended the context of what has failed, if one did.
func (d *dialer) overtime(ctx context.Context, e *Error) {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTimeout):
		e.Field, e.Value = "Timeout", d.timeout.String()
	case errors.Is(cause, errHandshakeTimeout):
		e.Field, e.Value = "HandshakeTimeout", d.handshakeTimeout.String()
	}
}

// tlsConfig returns a clone with the name that was dialled, so that a config
// is never shared between dials of different hosts.
func (d *dialer) tlsConfig(network, address string) (*tls.Config, error) {
	if err := tlsFits(d.tls, network); err != nil {
		return nil, err
	}
	c := d.tls.Clone()
	if c.ServerName != "" || isUnix(network) {
		return c, nil
	}
	c.ServerName = serverName(address)
	_, _, malformed := net.SplitHostPort(address)
	if c.ServerName == "" && !c.InsecureSkipVerify && malformed == nil { // the dial says what is malformed
		return nil, errors.New("the address has no host: set ServerName or InsecureSkipVerify")
	}
	return c, nil
}

// tlsFits says why TLS cannot be had on the network.
func tlsFits(c *tls.Config, network string) error {
	base, _, _ := strings.Cut(network, ":")
	protocol, _ := split(base)
	switch {
	case protocol == "tcp" || !known(base): // an unknown one is reported by the dial
		return nil
	case protocol != "unix":
		// Also unixpacket: it cuts what does not fit the reader's buffer.
		return fmt.Errorf("network %s is not a stream of bytes: %w", network, errors.ErrUnsupported)
	case c.ServerName == "" && !c.InsecureSkipVerify:
		return errors.New("unix addresses have no host name: set ServerName or InsecureSkipVerify")
	}
	return nil
}

// serverName returns the host of host:port as it stands in a certificate:
// without brackets, zone and the trailing dot of an absolute name.
func serverName(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	if strings.Contains(host, ":") { // only IPv6 literals have zones
		host, _, _ = strings.Cut(host, "%")
	}
	return strings.TrimSuffix(host, ".")
}
