package listener

import (
	"io"
	"net"
	"sync/atomic"
)

// link ties a conn to its listener. It is what a wrapper adds to the conn of
// package net: the wrapper allocates once, and nothing per Read or Write.
type link struct {
	gate       *gate
	raw        net.Conn     // *net.TCPConn or *net.UnixConn
	prev, next *link        // in the tracker
	header     *ProxyHeader // nil if there was none
	ticket     ticket
	released   atomic.Bool
}

// wrap puts a wrapper around a conn of package net.
func (g *gate) wrap(raw net.Conn, t ticket) (net.Conn, *link) {
	if unix, ok := raw.(*net.UnixConn); ok {
		c := &unixConn{UnixConn: unix}
		return c, c.link.init(g, raw, t)
	}
	c := &tcpConn{TCPConn: raw.(*net.TCPConn)}
	return c, c.link.init(g, raw, t)
}

func (l *link) init(g *gate, raw net.Conn, t ticket) *link {
	l.gate, l.raw, l.ticket = g, raw, t
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
	err := l.raw.Close()
	l.release()
	return err
}

// release ends what the conn holds, once.
func (l *link) release() {
	if !l.released.Swap(true) {
		l.gate.giveBack(l.ticket)
		l.gate.tracker.remove(l)
	}
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

// ReadFrom is for io.Copy to the conn. What package net can do in the kernel it
// can do from a conn of this package too.
func (c *tcpConn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		own := io.LimitedReader{R: bareReader(limited.R), N: limited.N}
		n, err := c.TCPConn.ReadFrom(&own)
		limited.N = own.N
		return n, err
	}
	return c.TCPConn.ReadFrom(bareReader(r))
}

// WriteTo is for io.Copy from the conn.
func (c *tcpConn) WriteTo(w io.Writer) (int64, error) { return c.TCPConn.WriteTo(bareWriter(w)) }

// bareReader returns the conn inside a wrapper, for package net looks at types.
func bareReader(r io.Reader) io.Reader {
	switch c := r.(type) {
	case *tcpConn:
		return c.TCPConn
	case *unixConn:
		return c.UnixConn
	}
	return r
}

func bareWriter(w io.Writer) io.Writer {
	switch c := w.(type) {
	case *tcpConn:
		return c.TCPConn
	case *unixConn:
		return c.UnixConn
	}
	return w
}
