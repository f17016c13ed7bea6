package simnet

import (
	"io"
	"net"
	"os"

	"github.com/strata-net/strata/virtnet"
)

// cause is why a socket does not work. The zero cause is that it does.
type cause uint8

const (
	sockClosed  cause = iota + 1 // by its owner
	hostDown                     // its host was closed, or crashed
	netDown                      // its network was closed
	peerReset                    // the peer aborted the conn
	peerGone                     // the peer has closed both directions, and is written to
	timedOut                     // no answer
	refused                      // nobody listens
	unreachable                  // no way leads there
	badConn                      // the conn's own end was closed for writing
	portTaken                    // another socket has the port
	notLocal                     // the address is not the host's, or it has no free port
	tooLong                      // the datagram is longer than any can be
	noFamily                     // the host has no address of this family
	noPeer                       // the socket for datagrams has no peer
	cancelled                    // the context has ended
)

// err returns the error for an operation, whose system call has this name.
func (n *Network) err(c cause, call string) error {
	switch c {
	case sockClosed:
		if n.cfg.Names {
			return virtnet.ErrSockDown
		}
		return errClosed
	case hostDown:
		return virtnet.ErrHostDown
	case netDown:
		return virtnet.ErrNetDown
	case peerGone:
		if n.cfg.Names {
			return io.ErrClosedPipe
		}
	}
	if also := sentinels[c]; n.cfg.Names && also != nil {
		return also
	}
	return os.NewSyscallError(call, errnoOf(c))
}

// sentinels are what package virtnet has for a cause.
var sentinels = map[cause]error{
	refused: virtnet.ErrConnRefused, portTaken: virtnet.ErrAddrAlreadyUsed, notLocal: virtnet.ErrAddrNoListen,
	unreachable: virtnet.ErrNoHost,
}

// errnoOf returns the number of a cause, which is also virtnet's sentinel for it.
func errnoOf(c cause) error {
	if also := sentinels[c]; also != nil {
		return &errno{errnos[c], also}
	}
	return errnos[c]
}

// errno is a system's number that is one of virtnet's sentinels too.
type errno struct{ number, also error }

// Error returns the number's text.
func (e *errno) Error() string { return e.number.Error() }

// Unwrap returns both.
func (e *errno) Unwrap() []error { return []error{e.number, e.also} }

// errClosed has the words of net.ErrClosed, which some programs compare.
var errClosed error = &errno{net.ErrClosed, virtnet.ErrSockDown}
