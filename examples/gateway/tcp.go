package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/strata-net/strata/quicx"
)

// tcpService forwards the bytes of each conn to one upstream and back.
type tcpService struct {
	*acceptor
	target
	limits   TCPLimits
	accepted func(net.Conn)
}

func newTCPService(n *Listener, l draining, log *slog.Logger, note func(any) func(), accepted func(net.Conn)) *tcpService {
	s := &tcpService{limits: n.TCP, accepted: accepted}
	s.acceptor = newAcceptor(l, log, s.session)
	s.note = note
	return s
}

// session dials the upstream and forwards until both sides are done.
func (s *tcpService) session(ctx context.Context, client net.Conn) {
	s.accepted(client)
	start := time.Now()
	b := s.backend()
	defer b.uses.begin()()
	log := s.log.With("client", client.RemoteAddr(), "upstream", b.cfg.Name)
	server, first, err := s.connect(announce(ctx, client), client, b)
	if err != nil {
		// A normal close would look like an upstream that had nothing to say.
		reset(client)
		log.Warn("dial", "error", err)
		return
	}
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	if stream, ok := client.(*quicx.StreamConn); ok {
		g := newPatrolled(stream)
		client = g
		go g.watch(ctx, s.limits, cut)
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
