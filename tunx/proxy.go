package tunx

import (
	"context"
	"net"
	"net/netip"
)

// PacketProxy takes the datagrams of UDP sessions from a network stack. Its methods may
// be called at the same time.
type PacketProxy interface {
	// NewSession begins a session, as a bind of a socket does: requests go to the sender
	// that it returns, and the answers to receiver. A session can have answers without
	// any request.
	NewSession(receiver PacketResponseReceiver) (PacketRequestSender, error)
}

// PacketRequestSender takes the datagrams of a session on their way out. It is
// implemented by a [PacketProxy]. Its methods may be called at the same time.
type PacketRequestSender interface {
	// WriteTo sends the datagram p to destination, and returns len(p) or an error. An
	// empty one is sent too. p is neither changed nor kept.
	WriteTo(p []byte, destination netip.AddrPort) (int, error)

	// Close ends the session: WriteTo fails with [ErrClosed], and all resources are free.
	// A second Close does nothing.
	Close() error
}

// TryPacketRequestSender is a [PacketRequestSender] that can send without waiting. [Sessions]
// look for it: what needs no wait is sent without a queue and another goroutine.
type TryPacketRequestSender interface {
	PacketRequestSender

	// TryWriteTo sends the datagram p like WriteTo, and reports whether it did. It never
	// waits. When it has to, or something is wrong, it sends nothing: then WriteTo is called.
	TryWriteTo(p []byte, destination netip.AddrPort) bool
}

// PacketResponseReceiver takes the answers of a session. It is implemented by the network
// stack. Its methods may be called at the same time.
type PacketResponseReceiver interface {
	// WriteFrom delivers the datagram p that came from source. An empty one is delivered
	// too. p is neither changed nor kept. After Close it fails with [ErrClosed].
	WriteFrom(p []byte, source net.Addr) (int, error)

	// Close says that no more answers will come. A second Close does nothing.
	Close() error
}

// ContextPacketProxy is a [PacketProxy] whose NewSession can be given up. Users of a
// PacketProxy look for it.
type ContextPacketProxy interface {
	PacketProxy

	// NewSessionContext is NewSession with a context that bounds it, and not the session.
	NewSessionContext(ctx context.Context, receiver PacketResponseReceiver) (PacketRequestSender, error)
}

// AddrPortReceiver is a [PacketResponseReceiver] that takes the source of an answer
// without an allocation. A proxy looks for it.
type AddrPortReceiver interface {
	PacketResponseReceiver

	// WriteFromAddrPort is WriteFrom.
	WriteFromAddrPort(p []byte, source netip.AddrPort) (int, error)
}

// UnreachableReceiver is a [PacketResponseReceiver] that is told when nobody listens at a
// port. A proxy that learns it looks for it; for other receivers the next WriteTo to that
// destination fails with [ErrPortUnreachable].
type UnreachableReceiver interface {
	PacketResponseReceiver

	// Unreachable says that a datagram to destination found nobody who listens.
	Unreachable(destination netip.AddrPort)
}
