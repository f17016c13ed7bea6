//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/listener"
)

// name is what the sockets are called when they are passed on.
const name = "web"

// listen opens the addresses, or takes the sockets over from the process that
// started this one: systemd, or an older version of itself.
func listen(ctx context.Context, o options) (listener.Listener, error) {
	config := &listener.Config{Addresses: o.listen, Track: true}
	if os.Getenv("LISTEN_FDS") != "" {
		config.Addresses = []string{"systemd://" + name}
	}
	l, err := listener.New(ctx, config)
	if err != nil {
		return nil, err
	}
	return l.(listener.Listener), nil
}

// server is an HTTP server that can be drained.
type server struct {
	http     http.Server
	listener listener.Listener
	draining atomic.Bool
	failed   chan error // what Serve returned while nobody had asked it to
}

func serve(l listener.Listener) *server {
	s := &server{listener: l, failed: make(chan error, 1)}
	s.http.Handler = http.HandlerFunc(s.answer)
	s.http.ReadHeaderTimeout = 10 * time.Second
	go func() {
		if err := s.http.Serve(l); !s.draining.Load() {
			s.failed <- err
		}
	}()
	return s
}

func (s *server) answer(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() {
		w.Header().Set("Connection", "close") // the next one goes to the successor
	}
	fmt.Fprint(w, os.Getpid())
}

// drain stops accepting and finishes the requests. HTTP has no means to close an
// idle conn without the risk that a request is just arriving on it. So clients
// are first told, with an answer, to use another: only conns that had no request
// during the grace are closed like that.
func (s *server) drain(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, o.grace+o.limit)
	defer cancel()
	s.draining.Store(true)
	closed := make(chan error, 1)
	go func() { closed <- s.listener.Shutdown(ctx) }()
	select {
	case <-time.After(o.grace):
	case <-ctx.Done():
	}
	err := s.http.Shutdown(ctx)
	if errors.Is(err, net.ErrClosed) {
		err = nil // the listener was closed before, as it should be
	}
	return errors.Join(err, <-closed)
}
