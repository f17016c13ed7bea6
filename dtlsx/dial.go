package dtlsx

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// DefaultFallbackDelay is used when DialConfig.FallbackDelay is zero.
const DefaultFallbackDelay = 300 * time.Millisecond

// DialConfig describes a [Dialer]. NewDialer takes copies and never changes it.
type DialConfig struct {
	Config

	// LocalAddr is the source address: an IP literal, alone or with a port from
	// 0 to 65535, "" to let the system choose. Addresses of a name that are not
	// of its version of IP are passed over.
	LocalAddr string

	// Options are applied to each socket before it is bound and connected, or
	// after, as their stage is, and read back. Options of the listening stage are
	// an error unless they are preferred only.
	Options sockopt.Options

	// Timeout limits a whole dial: name resolution and the handshakes with all
	// addresses. 0 means no limit but the context's. Negative is an error.
	Timeout time.Duration

	// FallbackDelay is how long a dial waits for the handshake with one address
	// of a name before it also tries the next one (RFC 8305); it does so at once
	// when one fails. The versions of IP take turns. 0 means 300 ms, negative
	// that addresses are tried one after the other.
	FallbackDelay time.Duration

	// Resolver resolves names. nil means net.DefaultResolver. It is the one
	// pointer that is kept and not copied.
	Resolver *net.Resolver

	// OnEvent, when set, is called at the end of each dial, by the goroutine that
	// dials, which goes on when it returns, and by several at a time, with no lock
	// held: it should not block. It may dial. A panic in it is the caller's. A dial
	// without a context is not told. nil costs nothing.
	OnEvent func(DialEvent)
}

// NewDialer returns a Dialer whose dials do the handshake, and whose conns are of
// type [*Conn]. A client without TLS.ServerName asks for the host that is dialled,
// and takes only a certificate of that name. An address without a host, which is
// this machine, has none: such a dial needs TLS.ServerName, TLS.InsecureSkipVerify
// or PSK.
//
// Networks are "udp", "udp4" and "udp6". Errors are of type [*Error], or several
// of them joined.
func NewDialer(cfg *DialConfig) (Dialer, error) {
	d, err := cfg.prepare()
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Check says what NewDialer would say of the config, and opens nothing. nil is
// the zero DialConfig.
func (c *DialConfig) Check() error {
	_, err := c.prepare()
	return err
}

// prepare finds everything that is wrong, and sets the defaults in a copy.
func (c *DialConfig) prepare() (*dialer, error) {
	var p problems
	d := new(dialer)
	if c != nil {
		d.DialConfig = *c
	}
	d.Options = slices.Clone(d.Options)
	d.proto = newProtocol(&d.Config, client, &p)
	var err error
	d.local, err = parseLocal(d.LocalAddr)
	p.add("LocalAddr", d.LocalAddr, err)
	p.add("Options", d.Options.String(), d.Options.Check("udp", sockopt.Bind, sockopt.Established))
	p.span("Timeout", d.Timeout)
	setDefault(&d.FallbackDelay, DefaultFallbackDelay)
	if d.Resolver == nil {
		d.Resolver = net.DefaultResolver
	}
	return d, p.err()
}

// A dialer is safe for concurrent use: nothing in it changes.
type dialer struct {
	DialConfig

	proto *protocol
	local netip.AddrPort // the zero value for any
}

// Dial is DialContext without a context.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext resolves, connects and shakes hands. The context does not concern
// the conn afterwards.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d.OnEvent == nil || ctx == nil {
		return d.dial(ctx, network, address)
	}
	e := DialEvent{Context: ctx, Network: network, Address: address, Start: time.Now()}
	var conn net.Conn
	conn, e.Err = d.dial(ctx, network, address)
	d.tell(e, conn)
	return conn, e.Err
}

// dial is DialContext with nobody told.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	failed := func(err error) error {
		return &Error{Op: "dial", Network: network, Address: address, Err: err}
	}
	if ctx == nil {
		return nil, failed(errNilContext)
	}
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	if ctx.Err() != nil {
		return nil, failed(context.Cause(ctx))
	}
	targets, host, err := d.resolve(ctx, network, address)
	if err != nil {
		return nil, failed(err)
	}
	r := &race{dialer: d, name: d.serverName(host)}
	if r.name == "" && d.PSK == nil && !d.proto.TLS.InsecureSkipVerify { // the library would take any name
		return nil, failed(errNoName)
	}
	c, err := r.run(ctx, targets)
	if err != nil {
		return nil, failed(err)
	}
	return c, nil
}

var errNoName = errors.New("the address has no host: set TLS.ServerName or TLS.InsecureSkipVerify")

// serverName is what a certificate must have. Zones and the dot at the end belong
// to this machine's resolver, and are no part of it (RFC 6066, section 3).
func (d *dialer) serverName(host string) string {
	if n := d.proto.TLS.ServerName; n != "" {
		host = n
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.WithZone("").String()
	}
	return strings.TrimSuffix(host, ".")
}
