package dialer

import (
	"context"
	"crypto/tls"
	"net"
	"time"
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
	locals, _ := c.locals()
	netns, _ := newNamespace(c.Netns)
	d := &dialer{
		plans:            make(map[string]*plan, len(networks)),
		plain:            plain,
		tls:              c.TLS,
		timeout:          c.Timeout,
		handshakeTimeout: c.HandshakeTimeout,
		proxyProtocol:    c.ProxyProtocol,
		onEvent:          c.OnEvent,
	}
	for _, network := range networks {
		d.plans[network] = newPlan(c, locals, netns, network, plain == nil)
	}
	if err := d.route(c); err != nil {
		return nil, err
	}
	return d, nil
}

// dialer is immutable, and so needs no lock.
type dialer struct {
	plans            map[string]*plan // by network, without protocol
	plain            error            // why TCP is not MPTCP, nil if it is
	tls              *tls.Config      // nil for none
	timeout          time.Duration    // of a whole dial, 0 for none
	handshakeTimeout time.Duration
	rewrites         *rewrites // nil for none
	hops             []*hop
	environment      *environment // nil if it is not asked
	proxyProtocol    int
	onEvent          func(Event) // nil for nobody
}

// Dial is DialContext without a context.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to the address on the network.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.dial(ctx, network, address, nil)
}

// dial is DialContext, and sends data as the first bytes of the conn if there is any.
func (d *dialer) dial(ctx context.Context, network, address string, data []byte) (net.Conn, error) {
	if d.onEvent == nil || ctx == nil {
		return d.layers(ctx, network, address, data)
	}
	return d.observed(ctx, network, address, data)
}

// layers is dial with nobody told but the record of the context.
func (d *dialer) layers(ctx context.Context, network, address string, data []byte) (net.Conn, error) {
	if d.tls == nil {
		return d.reach(ctx, network, address, data)
	}
	conn, err := d.dialTLS(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return send(ctx, conn, network, address, data)
}
