package virtnet

import (
	"context"
	"net"
)

// Engine is what makes a virtual network: it knows how bytes get from one host to
// another. [SubNetwork] has ports, addresses and errors. An engine may also be a
// [HostCloser] or a [Stack]. It is safe for concurrent use.
type Engine interface {
	// VNetNewHost makes what a new host needs and announces it to the registry,
	// with host data from which VNetDial, maybe of another subnetwork, knows where
	// to connect to. An error of it gets "new host" and the name put in front.
	VNetNewHost(ctx context.Context, hostname string, registry Registry) error

	// VNetDial connects to dst, whose host was announced with dsthostdata, and tells
	// the other side that src is calling. Both have the network's name. The conn
	// that it returns gets src and addrAccept for its addresses. An error of it
	// becomes the Err of a *net.OpError.
	VNetDial(ctx context.Context, src, dst *Addr, dsthostdata string) (_ net.Conn, addrAccept *Addr, _ error)

	// Close frees what the engine holds. The contexts of all calls that are under
	// way have been cancelled before, so it need not interrupt them. No VNetNewHost
	// is under way any more.
	Close() error
}

// HostCloser is an [Engine] that wants to know when one of its hosts is closed, so
// that it can free what the host has and give its name back to the registry.
type HostCloser interface {
	Engine

	// VNetCloseHost is called once for each host that VNetNewHost has made, after
	// its conns and listeners were closed and before Close of the engine. The cause
	// is ErrHostDown or ErrNetDown. A new host gets the same name only when it has
	// returned.
	VNetCloseHost(hostname string, cause error) error
}

// Stack is an [Engine] that keeps the sockets of its hosts itself. SubNetwork
// passes the calls of a host on, with the addresses as the caller wrote them, and
// hands out what they return: ports, addresses and the errors of conns and
// listeners are the stack's. VNetDial is not called then, nor is the registry
// asked; the [Notifier] is for VNetDown only.
//
// The contexts of calls that are under way are cancelled, and SubNetwork waits for
// them, before VNetCloseHost is called; then it is the stack that marks and
// closes all sockets of the host.
type Stack interface {
	HostCloser

	// VNetListen opens a listener on a host.
	VNetListen(ctx context.Context, hostname, laddr string) (net.Listener, error)

	// VNetListenPacket opens a socket for datagrams on a host. A stack without
	// datagrams returns an error that is errors.ErrUnsupported.
	VNetListenPacket(ctx context.Context, hostname, laddr string) (net.PacketConn, error)

	// VNetConnect dials from a host.
	VNetConnect(ctx context.Context, hostname, addr string) (net.Conn, error)
}

// Notifier is where an [Engine] tells its [SubNetwork] what happens. It is safe for
// concurrent use.
type Notifier interface {
	// VNetAccept asks whether a conn from src may come in at dst, and waits until
	// somebody accepts it there. The error is ErrConnRefused when nobody listens, or
	// that of the context; the conn is the engine's then. Who has got an Accept has
	// to send on its Ack, and the conn is the network's.
	VNetAccept(ctx context.Context, src, dst *Addr, netconn net.Conn) (*Accept, error)

	// VNetDown says that the network does not work any more, and why. All hosts,
	// listeners and conns are down when it returns; Close of the engine is not
	// called before the user closes the network, whose Close returns err. It waits
	// for calls of a [Stack] that are under way, so it is not for use inside of one.
	VNetDown(err error)
}

// Accept is the answer of [Notifier.VNetAccept] to a conn that may come in.
//
// The Accept of the listener waits for one value on Ack: with nil it returns the
// conn, whose addresses are now Addr and that of the caller; with an error it drops
// the conn and waits for the next one. Sending never blocks.
type Accept struct {
	Addr *Addr // local address of the accepted conn
	Ack  chan error
}
