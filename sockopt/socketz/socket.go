package socketz

import (
	"crypto/tls"

	"github.com/strata-net/strata/sockopt"
)

// Role is the part that a socket plays.
type Role string

// The roles of a socket. Those that listen are always shown; the others a page at a time.
const (
	Listening Role = "listening" // a net.Listener and its like
	Packets   Role = "packets"   // a net.PacketConn that has no single peer
	Accepted  Role = "accepted"  // a conn of a client
	Dialled   Role = "dialled"   // a conn to a server
)

// shared reports whether a socket is that of many peers.
func (r Role) shared() bool { return r == Listening || r == Packets }

// Socket is something to show. Nothing of it is changed.
//
// What is asked of Conn is what its methods tell, each if it is there: SyscallConn (options, TCP_INFO), NetConn (the conn
// beneath), Addr and Addrs, LocalAddr and RemoteAddr, ConnectionState() tls.ConnectionState, Context() context.Context
// (done when the conn is over).
type Socket struct {
	// Name is what the program calls it: that of the listener, or of the server that is dialled. Any text, of which 256
	// bytes are kept, made printable; empty is none.
	Name string

	// Role is one of the above; empty stands for Accepted.
	Role Role

	// Conn is the conn or listener: a pointer of any type. It is not kept alive.
	Conn any

	// Options are what was asked of the socket. What the kernel says of them is read when somebody looks.
	Options sockopt.Options

	// TLS, if set, tells the state of TLS of a Conn that has no ConnectionState() tls.ConnectionState. It is given Conn,
	// so that it need not hold it: if it does, the conn is never freed. nil is a conn without TLS.
	TLS func(conn any) *tls.ConnectionState

	// Counters, if set, tells numbers about Conn, which is shown as encoding/json has them. It is given Conn for the
	// same reason.
	Counters func(conn any) any
}

// role returns the role with its default.
func (s *Socket) role() Role {
	if s.Role == "" {
		return Accepted
	}
	return s.Role
}
