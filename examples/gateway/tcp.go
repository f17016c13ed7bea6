package main

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// tcpService forwards the bytes of each conn to one upstream and back.
type tcpService struct {
	*acceptor
	limits   TCPLimits
	backend  *backend
	accepted func(net.Conn)
}

func newTCPService(n *Listener, l draining, b *backend, log *slog.Logger, accepted func(net.Conn)) *tcpService {
	s := &tcpService{limits: n.TCP, backend: b, accepted: accepted}
	s.acceptor = newAcceptor(l, log, s.session)
	return s
}

// session dials the upstream and forwards until both sides are done.
func (s *tcpService) session(ctx context.Context, client net.Conn) {
	s.accepted(client)
	start := time.Now()
	log := s.log.With("client", client.RemoteAddr(), "upstream", s.backend.cfg.Name)
	server, first, err := s.connect(announce(ctx, client), client)
	if err != nil {
		// A normal close would look like an upstream that had nothing to say.
		reset(client)
		log.Warn("dial", "error", err)
		return
	}
	r := &relay{client: client, server: server, sent: int64(first)}
	err = r.run(ctx)
	args := []any{"sent", r.sent, "received", r.received, "took", time.Since(start)}
	if err != nil {
		log.Info("session cut", append(args, "error", err)...)
		return
	}
	log.Info("session", args...)
}
