package quicx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// A Client dials QUIC conns that share UDP sockets: one for IPv4 and one for
// IPv6, opened by the first dial that needs it. A socket closes by itself when
// the last conn of it has ended, at most a second later, in which it answers a
// peer that has not heard of the end; the next dial opens another. So a Client
// of which all conns were closed holds nothing.
//
// What a conn has done is in its ConnectionStats: round trip times, bytes and
// packets sent, received and lost, the congestion window; ConnectionState tells
// of TLS, 0-RTT and GSO.
//
// All methods are safe for concurrent use. A Client is a [Dialer].
type Client struct {
	config *DialConfig // prepared
	local  local
	linger time.Duration   // at most, of a socket without conns
	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	closed bool
	ports  map[string]*port // by network and local address
	conns  map[*quic.Conn]*user
	dials  sync.WaitGroup // those in progress
	live   sync.WaitGroup // conns
	ended  sync.Once
}

// errClientClosed is the cause of whatever fails because of Close.
var errClientClosed = fmt.Errorf("the Client is closed: %w", net.ErrClosed)

// NewDialer returns a Client for the configuration. It opens no socket and
// resolves nothing. Its error joins an [*Error] for every bad field.
func NewDialer(cfg *DialConfig) (*Client, error) {
	config, l, err := cfg.prepare()
	if err == nil {
		err = config.QLog.makeFolder()
	}
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, local: l, linger: maxLinger, ports: make(map[string]*port), conns: make(map[*quic.Conn]*user)}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c, nil
}

// Dial is DialContext without a context.
func (c *Client) Dial(network, address string) (*quic.Conn, error) {
	return c.DialContext(context.Background(), network, address)
}

// DialContext connects to an address, "host:port", on network "udp", "udp4" or
// "udp6", and returns when the handshake is complete. Once the context is done
// it returns an error and no conn; afterwards the context has no effect on the
// conn.
//
// Nobody tells a socket that is shared that a port is closed: quic-go does not
// read ICMP. Such a dial ends with QUIC.HandshakeIdleTimeout, Timeout or the
// context, and the error says Timeout.
func (c *Client) DialContext(ctx context.Context, network, address string) (*quic.Conn, error) {
	return c.dial(ctx, network, address, "", false)
}

// DialEarly is DialContext, but returns before the handshake is complete if the
// Client has a session of the server that allows early data (0-RTT): what is
// sent at once travels with the first packets, and can be replayed by an
// attacker, so it must be idempotent. Of several addresses of a name it takes
// the first then, because nothing shows whether the address answers.
//
// Conn.HandshakeComplete tells when the handshake is over, and
// ConnectionState().Used0RTT whether the server took the data. If it did not,
// everything on the conn fails with quic.Err0RTTRejected: Conn.NextConnection
// returns the conn to go on with, on which all has to be sent again.
func (c *Client) DialEarly(ctx context.Context, network, address string) (*quic.Conn, error) {
	return c.dial(ctx, network, address, "", true)
}

// DialServer is DialContext, or DialEarly, to an address at which a server of
// another name is: an alternative service (RFC 7838), a proxy, one of many
// addresses that the caller has chosen from. The name is sent and verified in
// place of TLS.ServerName and of the address's host, unless it is empty.
func (c *Client) DialServer(ctx context.Context, network, address, serverName string, early bool) (*quic.Conn, error) {
	return c.dial(ctx, network, address, serverName, early)
}

// Sockets returns the sockets that are open, ordered by network and address.
func (c *Client) Sockets() []SocketInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []SocketInfo
	for _, p := range c.ports {
		info := p.info()
		info.Conns = p.senders
		list = append(list, info)
	}
	slices.SortFunc(list, func(a, b SocketInfo) int {
		return cmp.Or(strings.Compare(a.Network, b.Network), a.Addr.Compare(b.Addr))
	})
	return list
}

// Close ends all conns with application error 0, and the dials in progress, and
// returns when the sockets are closed. Close conns yourself before, with the
// code that the application protocol has for it. It returns the errors of
// closing the sockets; a second call does nothing and returns nil.
func (c *Client) Close() error {
	var err error
	c.ended.Do(func() { err = c.close() })
	return err
}

func (c *Client) close() error {
	c.mu.Lock()
	c.closed = true // from here on there are no new dials and conns
	c.mu.Unlock()
	c.cancel(errClientClosed)
	c.dials.Wait()
	for _, conn := range c.openConns() {
		go conn.CloseWithError(0, "") //nolint:errcheck // it has none; live waits for its end
	}
	c.live.Wait()

	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, p := range c.ports {
		errs = append(errs, c.shut(p))
	}
	return errors.Join(errs...)
}

func (c *Client) openConns() []*quic.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*quic.Conn
	for conn := range c.conns {
		list = append(list, conn)
	}
	return list
}

// begin counts a dial or a migration, which Close waits for.
func (c *Client) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClientClosed
	}
	c.dials.Add(1)
	return nil
}

// within returns a context that ends with Close as well.
func (c *Client) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.ctx, func() { cancel(errClientClosed) })
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}
