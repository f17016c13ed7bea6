package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"reflect"
)

// serverListener hands conns to net/http as it needs them.
type serverListener struct {
	net.Listener
	server *Server
}

var errHidden = errors.New("the conn hides a *tls.Conn below: wrappers belong under TLS")

// Accept returns the next conn, with TLS if the server is to add it.
func (l *serverListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c, err = l.server.dress(c); err == nil {
			return c, nil
		}
		l.server.report(&Error{Op: "accept", Field: "listener", Value: l.Addr().String(), Err: err})
	}
}

// dress puts TLS on a conn that has none, or closes it.
func (s *Server) dress(c net.Conn) (net.Conn, error) {
	switch {
	case isTLS(c):
		return c, nil
	case hidesTLS(c):
		c.Close()
		return nil, errHidden
	case s.cfg.TLS != nil:
		return tls.Server(c, s.cfg.TLS), nil
	case !reflect.ValueOf(c).Comparable():
		return &boxedConn{c}, nil // it has to be the key of a map
	}
	return c, nil
}

// boxedConn is a conn whose own type cannot be compared.
type boxedConn struct{ net.Conn }

// boxedSource is a listener or a packet conn of such a type.
type boxedSource struct{ io.Closer }

// Shutdown is that of the listener, or closes.
func (b *boxedSource) Shutdown(ctx context.Context) error {
	closeListener(ctx, b.Closer)
	return nil
}

// keyOf returns c as what can be the key of a map.
func keyOf(c io.Closer) io.Closer {
	if reflect.ValueOf(c).Comparable() {
		return c
	}
	return &boxedSource{c}
}

func isTLS(c net.Conn) bool {
	_, ok := c.(*tls.Conn)
	return ok
}

// hidesTLS looks below wrappers that have a NetConn method.
func hidesTLS(c net.Conn) bool {
	for range 16 { // no wrapper is that deep, but one may return itself
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return false
		}
		if c = w.NetConn(); c == nil {
			return false
		}
		if isTLS(c) {
			return true
		}
	}
	return false
}
