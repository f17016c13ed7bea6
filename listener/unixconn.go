package listener

import (
	"io"
	"net"
	"reflect"
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

// ReadFrom is for io.Copy to the conn. It hides the method of the same name
// that a *net.UnixConn has for datagrams, which an accepted conn has no use for.
func (c *unixConn) ReadFrom(r io.Reader) (int64, error) {
	if tcp := tcpIn(r); tcp != nil {
		return tcp.WriteTo(c.UnixConn)
	}
	return io.Copy(struct{ io.Writer }{c.UnixConn}, r)
}

// WriteTo is for io.Copy from the conn.
func (c *unixConn) WriteTo(w io.Writer) (int64, error) {
	if tcp, ok := bareWriter(w).(*net.TCPConn); ok {
		return tcp.ReadFrom(c.UnixConn)
	}
	return io.Copy(w, struct{ io.Reader }{c.UnixConn})
}

// tcpIn returns the TCP conn that a reader is. (*net.TCPConn).WriteTo hands
// itself over in a type of package net's own, which has no way back but this
// one; without it io.Copy from a TCP conn to a unix one would leave the kernel.
func tcpIn(r io.Reader) *net.TCPConn {
	r = bareReader(r)
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
