package listener

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// Cred is the process at the other end of a unix conn, as it was when it
// connected.
type Cred struct {
	// PID is the number of the process; 0 if the system does not tell (macOS,
	// FreeBSD) or if it has none in this process's PID namespace.
	PID int
	// UID and GID are its effective user and group.
	UID, GID uint32
}

// Credentials returns who is at the other end of a unix conn that was accepted,
// also through *tls.Conn and other wrappers that have NetConn. The kernel vouches
// for it. On conns of other networks, and on systems other than Linux, macOS and
// FreeBSD, the error is [errors.ErrUnsupported].
func Credentials(c net.Conn) (*Cred, error) {
	failed := func(network string, err error) error {
		return &Error{Op: "read credentials", Network: network, Err: err}
	}
	if c == nil {
		return nil, failed("", errors.New("the conn is nil"))
	}
	network := ""
	if a := c.LocalAddr(); a != nil {
		network = a.Network()
	}
	if !strings.HasPrefix(network, "unix") {
		return nil, failed(network, fmt.Errorf("only a unix conn has them: %w", errors.ErrUnsupported))
	}
	socket, err := unwrap(c)
	var cred *Cred
	if err == nil {
		cred, err = peerCred(socket)
	}
	if err != nil {
		return nil, failed(network, err)
	}
	return cred, nil
}

// maxWrappers bounds the walk through wrappers, should one return itself.
const maxWrappers = 32

// unwrap returns the first conn with a descriptor, from the outside in.
func unwrap(c net.Conn) (syscall.Conn, error) {
	for range maxWrappers {
		if s, ok := c.(syscall.Conn); ok {
			return s, nil
		}
		w, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		c = w.NetConn()
	}
	return nil, fmt.Errorf("%T has neither SyscallConn nor a NetConn that has: %w", c, errors.ErrUnsupported)
}
