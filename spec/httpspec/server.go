package httpspec

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Server is an [httpx.Server] with the listeners of its message, which are open
// from the start: clients wait in the kernel's queue until Serve. It is safe for
// concurrent use. Shutdown or Close has to be called, also without a Serve: they
// close the listeners and end the following of files (tls.reload).
type Server struct {
	*httpx.Server

	listeners []net.Listener
	stop      func()
}

// NewServerFromSpec makes a server and opens its listeners, all or none; first it
// makes sure that the message is valid. nil is an error, as are a message without
// listeners and a nil handler.
func NewServerFromSpec(m *specv1.HTTPServerConfig, handler http.Handler) (*Server, error) {
	return NewServer(m, func(cfg *httpx.ServerConfig) { cfg.Handler = handler })
}

// NewServer is NewServerFromSpec for those who want more than a handler: complete
// is called once with the config of the message, before anything is opened, and
// sets what no message has, such as HTTP3, OnError, and the Handler, which is
// needed.
func NewServer(m *specv1.HTTPServerConfig, complete func(*httpx.ServerConfig)) (*Server, error) {
	ctx, stop := build.Until(context.Background())
	s, err := newServer(ctx, m, complete)
	if err != nil {
		stop()
		return nil, err
	}
	s.stop = stop
	return s, nil
}

func newServer(ctx context.Context, m *specv1.HTTPServerConfig, complete func(*httpx.ServerConfig)) (*Server, error) {
	cfg, configs, err := ServerConfig(ctx, m)
	var p build.Problems
	p.Nest("", err)
	if m != nil && len(m.GetListeners()) == 0 {
		p.Addf("listeners", nil, "a server needs one")
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	if complete(cfg); cfg.Handler == nil {
		return nil, &spec.Error{Err: errNoHandler}
	}
	server, err := httpx.NewServer(cfg)
	if err != nil {
		p.Module(err, names, blame)
		return nil, p.Err()
	}
	listeners, err := open(ctx, configs)
	if err != nil {
		server.Close()
		return nil, err
	}
	return &Server{Server: server, listeners: listeners}, nil
}

var errNoHandler = errors.New("a server needs a handler")

// open opens all or none.
func open(ctx context.Context, configs []*listener.Config) ([]net.Listener, error) {
	var opened []net.Listener
	for i, cfg := range configs {
		l, err := listener.New(ctx, cfg)
		if err != nil {
			closeAll(opened)
			return nil, spec.At(fmt.Sprintf("listeners[%d]", i), err)
		}
		opened = append(opened, l)
	}
	return opened, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// Listeners returns the listeners in the order of the message, for their
// addresses and counters. They belong to the server.
func (s *Server) Listeners() []net.Listener { return slices.Clone(s.listeners) }

// Serve serves all listeners until Shutdown or Close is called; then it returns
// http.ErrServerClosed. When a listener fails the others are closed as well and
// the error is returned.
func (s *Server) Serve() error { return s.Server.Serve(s.listeners...) }

// Run serves all listeners, and HTTP/3 on packet conns, until ctx is done; then it
// lets the requests in flight go on for drain_timeout, cuts the rest, and closes
// the server. The error is nil if nothing failed and nothing was cut.
func (s *Server) Run(ctx context.Context, packets ...net.PacketConn) error {
	defer s.release()
	return s.Server.Run(ctx, s.listeners, packets...)
}

// Shutdown lets requests in flight go on until ctx is done, as that of
// httpx.Server does.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.release()
	return s.Server.Shutdown(ctx)
}

// Close closes all listeners and conns at once. A second Close does nothing.
func (s *Server) Close() error {
	defer s.release()
	return s.Server.Close()
}

// release ends what Serve may never have had. Closing twice does nothing.
func (s *Server) release() {
	closeAll(s.listeners)
	s.stop()
}
