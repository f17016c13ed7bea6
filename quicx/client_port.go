package quicx

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/sockopt"
)

// A port is a UDP socket with the transport that its conns share. Client.mu guards it.
type port struct {
	*socket
	key       string
	transport *quic.Transport
	users     int // conns that are registered with the transport, dials and migrations in progress
	senders   int // conns that send from it
	linger    time.Time
	timer     *time.Timer // closes it, nil if none runs
	discarded bool        // no dial gets it any more
	shut      bool
}

// maxLinger bounds how long a socket stays open without conns.
const maxLinger = time.Second

// acquire returns the open port of a local address, and counts a user.
func (c *Client) acquire(ctx context.Context, network string, l local) (*port, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.use(ctx, network+" "+l.text(), network, l)
}

// use returns the port with a key, which it opens if there is none. The lock is held.
func (c *Client) use(ctx context.Context, key, network string, l local) (*port, error) {
	p := c.ports[key]
	if p == nil {
		s, err := c.config.socket(network, l.text()).open(ctx)
		if err != nil {
			return nil, err
		}
		p = &port{socket: s, key: key}
		p.transport = &quic.Transport{Conn: s.conn, ConnectionIDLength: connectionIDLength}
		c.ports[key] = p
	}
	p.users++
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	return p, nil
}

// release ends a use. The last user's end closes the port, unless a conn that has just ended may still be asked for by
// its peer.
func (c *Client) release(p *port) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.users--
	if p.users > 0 {
		return
	}
	wait := time.Until(p.linger)
	if wait <= 0 || c.closed || p.discarded {
		_ = c.shut(p) // a socket that cannot be closed is nobody's concern
		return
	}
	p.timer = time.AfterFunc(wait, func() { c.expire(p) })
}

// expire closes a port that nobody has taken up meanwhile.
func (c *Client) expire(p *port) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.users == 0 {
		_ = c.shut(p)
	}
}

// shut closes a port without users, once. The lock is held all the while, so that a port number is free again when the
// next dial wants it; nothing here waits for anybody else.
func (c *Client) shut(p *port) error {
	if p.shut {
		return nil
	}
	p.shut = true
	if p.timer != nil {
		p.timer.Stop()
	}
	if c.ports[p.key] == p {
		delete(c.ports, p.key)
	}
	err := p.transport.Close()
	if cerr := p.udp.Close(); err == nil && !errors.Is(cerr, net.ErrClosed) {
		err = cerr
	}
	return err
}

// discard makes the next dial open another port, because the transport of this one has died: its socket failed.
func (c *Client) discard(p *port) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.discarded = true
	if c.ports[p.key] == p {
		delete(c.ports, p.key)
	}
}

// A user is what a conn uses. Client.mu guards it.
type user struct {
	network   string  // of all its ports
	ports     []*port // with which it is registered: quic-go never takes a conn off a transport
	sending   *port
	migrating bool
}

// enter gives a use to a conn, which keeps it until its end. It fails if the Client has been closed.
func (c *Client) enter(conn *quic.Conn, p *port) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.conns[conn] = &user{network: sockopt.NetworkOf(p.udp.LocalAddr()), ports: []*port{p}, sending: p}
	p.senders++
	c.live.Add(1)
	context.AfterFunc(conn.Context(), func() { c.leave(conn) })
	return true
}

// leave ends the uses of a conn that has ended.
func (c *Client) leave(conn *quic.Conn) {
	defer c.live.Done()
	until := time.Now().Add(min(closing(conn), c.linger))
	c.mu.Lock()
	u := c.conns[conn]
	delete(c.conns, conn)
	u.sending.senders--
	ports := slices.Clone(u.ports)
	for _, p := range ports {
		if until.After(p.linger) {
			p.linger = until
		}
	}
	c.mu.Unlock()
	for _, p := range ports {
		c.release(p)
	}
}

// closing is for how long a conn that was closed answers late packets (RFC 9000, section 10.2: three PTO).
func closing(conn *quic.Conn) time.Duration {
	const maxAckDelay = 25 * time.Millisecond
	s := conn.ConnectionStats()
	return 3 * (s.SmoothedRTT + 4*s.MeanDeviation + maxAckDelay)
}
