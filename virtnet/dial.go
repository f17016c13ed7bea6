package virtnet

import (
	"context"
	"net"
)

// Dial connects to "host:port"; no host means this one. It waits until somebody
// accepts, and is refused when nobody listens there. The error is a [*net.OpError]
// whose Source has the port that the conn would have had.
func (h *Host) Dial(ctx context.Context, addr string) (net.Conn, error) {
	if h.stack != nil {
		return call(ctx, h, "dial", addr, h.stack.VNetConnect)
	}
	dst, err := h.parse(addr)
	if err != nil {
		return nil, h.opError("dial", nil, err)
	}
	c := newConn(h)
	h.bind(&c.socket)
	if err := c.dial(ctx, dst); err != nil {
		h.free(&c.socket)
		return nil, &net.OpError{Op: "dial", Net: h.Network(), Source: &c.local, Addr: dst, Err: err}
	}
	return c, nil
}

// dial connects a conn that has its port already. That it was closed meanwhile
// counts more than what the engine says.
func (c *conn) dial(ctx context.Context, dst *Addr) error {
	if err := c.cause(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	netconn, remote, err := c.connect(ctx, dst)
	switch {
	case err == nil && c.attach(netconn, remote):
		return nil
	case err == nil:
		netconn.Close()
		return c.cause()
	case c.cause() != nil:
		return c.cause()
	default:
		return ended(ctx, err)
	}
}

// connect asks the registry for the host and the engine for the conn.
func (c *conn) connect(ctx context.Context, dst *Addr) (net.Conn, *Addr, error) {
	ctx, cancel := merge(ctx, c.host.ctx)
	defer cancel()
	n := c.host.net
	hostdata, err := n.registry.Query(ctx, dst.Host)
	if err != nil {
		return nil, nil, err
	}
	src, to := c.local, *dst // the engine may keep them
	return n.engine.VNetDial(ctx, &src, &to, hostdata)
}
