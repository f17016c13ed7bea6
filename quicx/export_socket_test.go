package quicx

import (
	"context"
	"net"

	"github.com/strata-net/strata/sockopt"
)

// Opened is an open socket.
type Opened struct {
	UDP  *net.UDPConn
	Conn net.PacketConn // what quic-go would get
	Info SocketInfo
}

// OpenSocket opens a socket as dialers and listeners do.
func OpenSocket(
	ctx context.Context, network, address string, options sockopt.Options, receive, send int,
) (*Opened, error) {
	c := &socketConfig{network, address, options, receive, send}
	var p problems
	if c.check(&p); p.err() != nil {
		return nil, p.err()
	}
	s, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	return &Opened{s.udp, s.conn, s.info()}, nil
}

// AdoptSocket takes a socket that the test has opened.
func AdoptSocket(udp *net.UDPConn, options sockopt.Options, receive int) (SocketInfo, error) {
	s, err := (&socketConfig{network: "udp", options: options, receive: receive}).adopt(udp)
	if err != nil {
		return SocketInfo{}, err
	}
	return s.info(), nil
}

// Refused is the options that no socket of QUIC can have.
func Refused() map[string]string { return refused }
