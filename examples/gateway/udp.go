package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"time"
)

// udpService forwards the datagrams of each session to one upstream and back.
type udpService struct {
	*acceptor
	target
	age  time.Duration // of a session of DTLS at most; 0: no bound
	warn seldom

	settle context.Context // ends when the service drains
	drain  func()
}

func newUDPService(n *Listener, l draining, log *slog.Logger, note func(any) func()) *udpService {
	s := &udpService{}
	if n.Protocol == DTLS { // package udpsession does it by itself
		s.age = n.TCP.Session
	}
	s.settle, s.drain = context.WithCancel(context.Background())
	s.acceptor = newAcceptor(l, log, s.session)
	s.note = note
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
	b := s.backend()
	defer b.uses.begin()()
	log := s.log.With("client", client.RemoteAddr(), "upstream", b.cfg.Name)
	server, err := b.dialStream(ctx, nil)
	if err != nil {
		if s.warn.now() {
			log.Warn("dial", "error", err)
		}
		return
	}
	if s.age > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeoutCause(ctx, s.age, &boundError{"max_session", s.age})
		defer cancel()
	}
	if _, ok := client.(io.WriterTo); !ok {
		client = records{client}
	}
	f := newFlow(client, server)
	err = f.run(ctx, s.settle)
	log.Debug("session", "sent", &f.sent, "received", &f.received, "took", time.Since(start), "error", err)
}
