package listener

import (
	"io"
	"net"
	"reflect"
	"time"
)

// unixConn is a unix conn that is counted. All else is done by the conn inside.
type unixConn struct {
	*net.UnixConn
	link link
}

// NetConn returns the conn inside. Closing that one ends no count.
func (c *unixConn) NetConn() net.Conn { return c.UnixConn }

// LocalAddr returns the announced address, if there is one.
func (c *unixConn) LocalAddr() net.Addr { return c.link.localAddr() }

// RemoteAddr returns the announced address, if there is one.
func (c *unixConn) RemoteAddr() net.Addr { return c.link.remoteAddr() }

func (c *unixConn) proxyHeader() *ProxyHeader { return c.link.header }

// Close closes the conn and gives back what it holds.
func (c *unixConn) Close() error { return c.link.close() }

// Read is the conn's own, unless there is a guard.
func (c *unixConn) Read(b []byte) (int, error) {
	if w := c.link.guard; w != nil {
		return w.read(c.UnixConn, b)
	}
	return c.UnixConn.Read(b)
}

// Write is the conn's own, unless there is a guard.
func (c *unixConn) Write(b []byte) (int, error) {
	if w := c.link.guard; w != nil {
		return w.write(c.UnixConn, b)
	}
	return c.UnixConn.Write(b)
}

// ReadMsgUnix is for descriptors that are passed.
func (c *unixConn) ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error) {
	w := c.link.guard
	var asked time.Duration
	if w.counts() {
		asked = w.now()
	}
	n, oobn, flags, addr, err = c.UnixConn.ReadMsgUnix(b, oob)
	if w.counts() {
		w.received(n, asked)
	}
	return n, oobn, flags, addr, w.explain(err)
}

// WriteMsgUnix passes descriptors.
func (c *unixConn) WriteMsgUnix(b, oob []byte, addr *net.UnixAddr) (n, oobn int, err error) {
	n, oobn, err = c.UnixConn.WriteMsgUnix(b, oob, addr)
	w := c.link.guard
	if w.counts() {
		w.sent(n)
	}
	return n, oobn, w.explain(err)
}

// ReadFrom is for io.Copy to the conn. It hides the method of the same name
// that a *net.UnixConn has for datagrams, which an accepted conn has no use for.
func (c *unixConn) ReadFrom(r io.Reader) (int64, error) {
	w := c.link.guard
	if tcp := tcpIn(r); tcp != nil && !w.counts() {
		n, err := tcp.WriteTo(c.UnixConn)
		return n, w.explain(explain(r, err))
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

// WriteTo is for io.Copy from the conn.
func (c *unixConn) WriteTo(to io.Writer) (int64, error) {
	w := c.link.guard
	if tcp, ok := bare(to).(*net.TCPConn); ok && !w.counts() {
		n, err := tcp.ReadFrom(c.UnixConn)
		return n, w.explain(explain(to, err))
	}
	return io.Copy(to, struct{ io.Reader }{c})
}

// tcpIn returns the TCP conn that a reader is. (*net.TCPConn).WriteTo hands
// itself over in a type of package net's own, which has no way back but this
// one; without it io.Copy from a TCP conn to a unix one would leave the kernel.
func tcpIn(r io.Reader) *net.TCPConn {
	r = bare(r)
	if tcp, ok := r.(*net.TCPConn); ok {
		return tcp
	}
	v := reflect.ValueOf(r)
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != "net" {
		return nil
	}
	f := v.FieldByName("TCPConn")
	if !f.IsValid() || !f.CanInterface() {
		return nil
	}
	tcp, _ := reflect.TypeAssert[*net.TCPConn](f)
	return tcp
}
