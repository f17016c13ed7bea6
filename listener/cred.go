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
	socket, _ := unwrap[socketConn](c)
	local := c.LocalAddr()
	if l := linkOf(socket); l != nil {
		local = l.raw.LocalAddr() // and not what a PROXY header has announced
	}
	network := ""
	if local != nil {
		network = local.Network()
	}
	switch {
	case !strings.HasPrefix(network, "unix"):
		return nil, failed(network, fmt.Errorf("only a unix conn has them: %w", errors.ErrUnsupported))
	case socket == nil:
		return nil, failed(network, fmt.Errorf("%T has neither SyscallConn nor a NetConn that has: %w", c, errors.ErrUnsupported))
	}
	cred, err := peerCred(socket)
	if err != nil {
		return nil, failed(network, err)
	}
	return cred, nil
}

// socketConn is a conn with a descriptor.
type socketConn interface {
	net.Conn
	syscall.Conn
}

// maxWrappers bounds the walk through wrappers, should one return itself.
const maxWrappers = 32

// unwrap returns the first conn that is a T, from the outside in.
func unwrap[T any](c net.Conn) (found T, ok bool) {
	for range maxWrappers {
		if found, ok = any(c).(T); ok {
			break
		}
		w, wraps := c.(interface{ NetConn() net.Conn })
		if !wraps {
			break
		}
		c = w.NetConn()
	}
	return found, ok
}
