package quicx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/quic-go/quic-go"
)

// maxPaths bounds the sockets that one conn can hold by migrating.
const maxPaths = 16

// Migrate moves a conn of this Client to another local address, in the forms of
// DialConfig.LocalAddr; "" is any address with another port. It opens a socket
// there, unless the Client has one, asks the server over it (RFC 9000, section
// 9), and returns when the conn sends from it. Streams go on, and the server
// sees the new address. If that fails, for instance because the server does not
// answer there until the context ends, or does not allow migration, the conn
// goes on from where it was.
//
// quic-go keeps a conn registered with every socket that it was asked to use, so
// they stay open until the conn has ended; they are used again when the conn
// comes back to their address. Beyond 16 of them Migrate is an error. LocalAddr
// and ConnectionState of a conn may not be called while it migrates: quic-go
// changes what they read without a lock.
func (c *Client) Migrate(ctx context.Context, conn *quic.Conn, localAddr string) error {
	failed := func(err error) error {
		return &Error{Op: "migrate", Address: localAddr, Err: err}
	}
	if ctx == nil || conn == nil {
		return failed(errors.New("the context or the conn is nil"))
	}
	l, err := parseLocal(localAddr)
	if err != nil {
		return failed(err)
	}
	if err := c.begin(); err != nil {
		return failed(err)
	}
	defer c.dials.Done()
	ctx, cancel := c.within(ctx)
	defer cancel()
	ctx, done := during(ctx, conn)
	defer done()
	if err := c.migrate(ctx, conn, l); err != nil {
		return failed(err)
	}
	return nil
}

// during returns a context that ends with the conn as well.
func during(ctx context.Context, conn *quic.Conn) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(conn.Context(), func() { cancel(context.Cause(conn.Context())) })
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}

func (c *Client) migrate(ctx context.Context, conn *quic.Conn, l local) error {
	select {
	case <-conn.HandshakeComplete(): // before it, quic-go does not know what the server allows
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	u, p, err := c.depart(ctx, conn, l)
	if err != nil {
		return err
	}
	path, err := conn.AddPath(p.transport)
	if err != nil {
		c.stay(u, p)
		return err
	}
	if err = path.Probe(ctx); err == nil {
		err = path.Switch()
	}
	if err != nil {
		_ = path.Close() // gives the connection ID back
	}
	if !c.arrive(conn, u, p, err == nil) {
		c.release(p)
	}
	return err
}

// depart finds the port to which a conn is to move, and counts a use of it.
func (c *Client) depart(ctx context.Context, conn *quic.Conn, l local) (*user, *port, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.conns[conn]
	switch {
	case u == nil:
		return nil, nil, errors.New("not an open conn of this Client")
	case u.migrating:
		return nil, nil, errors.New("the conn is migrating already")
	case l.ip.IsValid() && family(l.ip) != u.network:
		return nil, nil, fmt.Errorf("not an address of network %s, which the conn uses", u.network)
	}
	base := u.network + " " + l.text()
	key := base
	for i := 2; c.ports[key] != nil && c.ports[key] == u.sending; i++ {
		key = base + " " + strconv.Itoa(i)
	}
	if len(u.ports) >= maxPaths && !slices.Contains(u.ports, c.ports[key]) {
		return nil, nil, fmt.Errorf("the conn has used %d local addresses", maxPaths)
	}
	p, err := c.use(ctx, key, u.network, l)
	u.migrating = err == nil
	return u, p, err
}

// stay ends a migration that has not begun.
func (c *Client) stay(u *user, p *port) {
	c.mu.Lock()
	u.migrating = false
	c.mu.Unlock()
	c.release(p)
}

// arrive ends a migration. It reports whether the use of the port lasts until the conn has ended: not if it has ended,
// or if there is one already.
func (c *Client) arrive(conn *quic.Conn, u *user, p *port, moved bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	u.migrating = false
	if c.conns[conn] != u {
		return false
	}
	if moved {
		u.sending.senders--
		p.senders++
		u.sending = p
	}
	if slices.Contains(u.ports, p) {
		return false
	}
	u.ports = append(u.ports, p)
	return true
}
