package quicx

import (
	"context"
	"crypto/tls"
	"errors"
	"strconv"

	"github.com/quic-go/quic-go"
)

// shard is one socket of a listener, with quic-go on it.
type shard struct {
	socket    *socket
	number    int
	borrowed  bool // the socket is the caller's
	transport *quic.Transport
	server    server
	tls       *tls.Config
	quic      *quic.Config
}

// server is what quic.Listener and quic.EarlyListener have in common.
type server interface {
	Accept(ctx context.Context) (*quic.Conn, error)
	Close() error
}

// openShards opens the sockets. The first one decides the port if that is 0.
// If anything fails nothing stays open.
func openShards(ctx context.Context, c *ListenConfig, sc *socketConfig) (shards []*shard, err error) {
	if c.Conn != nil {
		s, err := sc.adopt(c.Conn)
		if err != nil {
			return nil, err
		}
		return []*shard{{socket: s, borrowed: true}}, nil
	}
	defer func() {
		if err != nil {
			for _, s := range shards {
				err = errors.Join(err, s.socket.udp.Close())
			}
		}
	}()
	for range c.Shards {
		s, err := sc.open(ctx)
		if err != nil {
			return shards, err
		}
		shards = append(shards, &shard{socket: s})
		sc.address = s.udp.LocalAddr().String()
	}
	if len(shards) > 1 {
		if err := steer(shards[0].socket.udp, len(shards)); err != nil {
			e := sc.failed(err)
			return shards, &Error{
				Op: "listen", Field: "Shards", Value: strconv.Itoa(c.Shards),
				Network: sc.network, Address: sc.address, Err: e,
			}
		}
	}
	return shards, nil
}

// listen lets quic-go take conns from the socket.
func (s *shard) listen(g *gate, keys *keys, ids connectionIDs) error {
	c := g.config
	s.number, s.tls, s.quic = ids.index, c.TLS, g.quic(s)
	local := s.socket.udp.LocalAddr()
	s.transport = &quic.Transport{
		Conn:                  s.socket.conn,
		ConnectionIDGenerator: ids,
		StatelessResetKey:     &keys.reset,
		TokenGeneratorKey:     &keys.token,
		MaxTokenAge:           c.MaxTokenAge,
		VerifySourceAddress:   g.retry,
		ConnContext: func(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
			return g.admit(ctx, s, info)
		},
	}
	var err error
	if c.Early {
		s.server, err = s.transport.ListenEarly(s.tls, s.quic)
	} else {
		s.server, err = s.transport.Listen(s.tls, s.quic)
	}
	if err != nil {
		return &Error{Op: "listen", Network: local.Network(), Address: local.String(), Err: err}
	}
	return nil
}

// stop refuses the handshakes in progress.
func (s *shard) stop() {
	_ = s.server.Close() // is always nil
}

// refuse goes on to answer clients, which the gate refuses, while old conns need
// the socket. Without that they would wait for their timeout.
func (s *shard) refuse() {
	_, _ = s.transport.Listen(s.tls, s.quic) // fails when the last conn has just ended
}

// close ends quic-go's part and the socket, unless that is the caller's.
func (s *shard) close() error {
	var err error
	if s.transport != nil {
		err = s.transport.Close()
	}
	if !s.borrowed {
		err = errors.Join(err, s.socket.udp.Close())
	}
	return err
}
