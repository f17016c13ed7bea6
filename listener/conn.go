package listener

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// link ties a conn to its listener. It is what a wrapper adds to the conn of
// package net: the wrapper allocates once, and nothing per Read or Write.
type link struct {
	gate       *gate
	raw        net.Conn      // *net.TCPConn or *net.UnixConn
	prev, next *link         // in the tracker
	header     *ProxyHeader  // nil if there was none
	guard      *guard        // nil if there are no bounds
	born       time.Duration // on the gate's clock, if somebody is told of the end
	ticket     ticket
	stage      atomic.Uint32
}

// What has become of a link.
const (
	released = 1 << iota // it holds nothing any more
	welcomed             // the hook was told of Accept
)

// wrap puts a wrapper around a conn of package net.
func (g *gate) wrap(raw net.Conn, t ticket) (net.Conn, *link) {
	if unix, ok := raw.(*net.UnixConn); ok {
		c, w := guarded[unixConn](g.bounds)
		c.UnixConn = unix
		return c, c.link.init(g, raw, t, w)
	}
	c, w := guarded[tcpConn](g.bounds)
	c.TCPConn = raw.(*net.TCPConn)
	return c, c.link.init(g, raw, t, w)
}

// guarded returns an empty wrapper and its guard, if there are bounds: all in
// one object.
func guarded[C any](b *bounds) (*C, *guard) {
	switch {
	case b == nil:
		return new(C), nil
	case b.rate == 0:
		both := new(struct {
			conn  C
			guard guard
		})
		return &both.conn, &both.guard
	}
	all := new(struct {
		conn  C
		guard guard
		meter meter
	})
	all.guard.meter = &all.meter
	return &all.conn, &all.guard
}

func (l *link) init(g *gate, raw net.Conn, t ticket, w *guard) *link {
	l.gate, l.raw, l.ticket, l.guard = g, raw, t, w
	if w != nil {
		w.link = l
	}
	if g.onEvent != nil {
		l.born = time.Since(g.opened)
	}
	return l
}

func (l *link) localAddr() net.Addr {
	if l.header != nil && l.header.Destination != nil {
		return l.header.Destination
	}
	return l.raw.LocalAddr()
}

func (l *link) remoteAddr() net.Addr {
	if l.header != nil && l.header.Source != nil {
		return l.header.Source
	}
	return l.raw.RemoteAddr()
}

// close closes the conn, and ends what it holds when the descriptor is free.
func (l *link) close() error {
	l.guard.stop()
	end := l.farewell()
	err := l.raw.Close()
	if l.release() {
		l.gate.onEvent(end)
	}
	return l.guard.closed(err)
}

// release ends what the conn holds, once, and reports whether the hook is to be
// told.
func (l *link) release() (tell bool) {
	before := l.stage.Or(released)
	if before&released != 0 {
		return false
	}
	l.gate.giveBack(l.ticket)
	l.gate.tracker.remove(l)
	return before&welcomed != 0
}

// tcpConn is a TCP conn that is counted. All else is done by the conn inside.
type tcpConn struct {
	*net.TCPConn
	link link
}

// NetConn returns the conn inside. Closing that one ends no count.
func (c *tcpConn) NetConn() net.Conn { return c.TCPConn }

// LocalAddr returns the announced address, if there is one.
func (c *tcpConn) LocalAddr() net.Addr { return c.link.localAddr() }

// RemoteAddr returns the announced address, if there is one.
func (c *tcpConn) RemoteAddr() net.Addr { return c.link.remoteAddr() }

func (c *tcpConn) proxyHeader() *ProxyHeader { return c.link.header }

// Close closes the conn and gives back what it holds.
func (c *tcpConn) Close() error { return c.link.close() }

// Read is the conn's own, unless there is a guard.
func (c *tcpConn) Read(b []byte) (int, error) {
	if w := c.link.guard; w != nil {
		return w.read(c.TCPConn, b)
	}
	return c.TCPConn.Read(b)
}

// Write is the conn's own, unless there is a guard.
func (c *tcpConn) Write(b []byte) (int, error) {
	if w := c.link.guard; w != nil {
		return w.write(c.TCPConn, b)
	}
	return c.TCPConn.Write(b)
}

// ReadFrom is for io.Copy to the conn. What package net can do in the kernel it
// can do from a conn of this package too.
func (c *tcpConn) ReadFrom(r io.Reader) (int64, error) {
	w := c.link.guard
	if w.counts() {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		n, err := c.TCPConn.ReadFrom(bare(r))
		return n, w.explain(explain(r, err))
	}
	own := io.LimitedReader{R: bare(limited.R), N: limited.N}
	n, err := c.TCPConn.ReadFrom(&own)
	limited.N = own.N
	return n, w.explain(explain(limited.R, err))
}

// WriteTo is for io.Copy from the conn.
func (c *tcpConn) WriteTo(to io.Writer) (int64, error) {
	w := c.link.guard
	if w.counts() {
		return io.Copy(to, struct{ io.Reader }{c})
	}
	n, err := c.TCPConn.WriteTo(bare(to))
	return n, w.explain(explain(to, err))
}

// bare returns the conn inside a wrapper, because package net goes by the type;
// not if its Read and Write have to count.
func bare[T any](x T) T {
	var inner any
	switch c := any(x).(type) {
	case *tcpConn:
		if !c.link.guard.counts() {
			inner = c.TCPConn
		}
	case *unixConn:
		if !c.link.guard.counts() {
			inner = c.UnixConn
		}
	}
	if inner == nil {
		return x
	}
	return inner.(T)
}

// explain lets the other end of a copy say why it failed.
func explain(x any, err error) error {
	switch c := x.(type) {
	case *tcpConn:
		return c.link.guard.explain(err)
	case *unixConn:
		return c.link.guard.explain(err)
	}
	return err
}
