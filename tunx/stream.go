package tunx

import (
	"context"
	"net"
)

// StreamConn is a conn whose directions end one by one: *net.TCPConn is one.
type StreamConn interface {
	net.Conn

	// CloseRead says that no more is read: what the peer still sends is dropped.
	CloseRead() error

	// CloseWrite says that no more is written: the peer reads an end.
	CloseWrite() error
}

// StreamDialer makes the conns of TCP flows.
type StreamDialer interface {
	// DialStream connects to address, "host:port". The context bounds the dial only.
	DialStream(ctx context.Context, address string) (StreamConn, error)
}

// PacketListener makes the sockets of UDP sessions.
type PacketListener interface {
	// ListenPacket opens a socket from which datagrams can be sent to any address. The
	// context bounds the opening only.
	ListenPacket(ctx context.Context) (net.PacketConn, error)
}
