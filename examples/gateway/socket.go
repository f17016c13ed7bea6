package main

import (
	"crypto/tls"
	"net"
	"syscall"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/sockopt"
)

// A Role is the part that a socket plays in the gateway.
type Role string

// The roles of a socket.
const (
	RoleListener Role = "listener" // it listens
	RoleAccepted Role = "accepted" // a client's conn
	RoleUpstream Role = "upstream" // a conn to an upstream
)

// A Socket is an open socket of the gateway, for an observer that wants to look
// at its options. It is valid during the call only.
type Socket struct {
	Role    Role
	Name    string // of the listener, or of the upstream
	Conn    syscall.Conn
	Options sockopt.Options // what the configuration asks for
}

// An observer is shown each socket once it is ready. It must be safe for
// concurrent use, and nil observes nothing.
type observer func(Socket)

// show hands c to the observer. c is a conn or a listener.
func (o observer) show(role Role, name string, options sockopt.Options, c any) {
	if o == nil {
		return
	}
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if sc, ok := c.(syscall.Conn); ok {
		o(Socket{Role: role, Name: name, Conn: sc, Options: options})
	}
}

// reset closes a conn in a way that its peer cannot take for a normal end: TCP
// sends RST, TLS does not send close_notify before, and QUIC resets the stream.
func reset(c net.Conn) {
	linger(c, 0)
	if q, ok := c.(interface{ Stream() *quic.Stream }); ok {
		q.Stream().CancelWrite(cutCode)
	}
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	c.Close()
}

// linger sets what Close does: 0 resets the conn, -1 is the normal end. A unix
// socket knows no difference.
func linger(c net.Conn, sec int) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if l, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(sec) // an error means that the conn is closed already
	}
}
