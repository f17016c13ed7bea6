package main

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// udpService forwards the datagrams of each session to one upstream and back.
type udpService struct {
	*acceptor
	backend *backend
	warn    seldom

	settle context.Context // ends when the service drains
	drain  func()
}

func newUDPService(l draining, b *backend, log *slog.Logger) *udpService {
	s := &udpService{backend: b}
	s.settle, s.drain = context.WithCancel(context.Background())
	s.acceptor = newAcceptor(l, log, s.session)
	return s
}

// shutdown is that of the acceptor, but datagrams have no end that could be
// waited for: a session is over when nothing has moved for a moment.
func (s *udpService) shutdown(ctx context.Context) bool {
	s.drain()
	return s.acceptor.shutdown(ctx)
}

// session dials the upstream and forwards until the session ends. Anybody can
// make sessions with forged addresses, so they are logged for debugging only,
// and what fails at most once a second.
func (s *udpService) session(ctx context.Context, client net.Conn) {
	defer client.Close()
	start := time.Now()
	log := s.log.With("client", client.RemoteAddr(), "upstream", s.backend.cfg.Name)
	server, err := s.backend.dialStream(ctx, nil)
	if err != nil {
		if s.warn.now() {
			log.Warn("dial", "error", err)
		}
		return
	}
	f := newFlow(client, server)
	err = f.run(ctx, s.settle)
	log.Debug("session", "sent", &f.sent, "received", &f.received, "took", time.Since(start), "error", err)
}
