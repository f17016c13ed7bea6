package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/quicx/http3x"
)

// httpService passes requests on to the upstreams of its routes.
type httpService struct {
	server   *httpx.Server
	listener net.Listener
	packets  []net.PacketConn // of HTTP/3
	routing  atomic.Pointer[routing]
	connect  http.Handler // nil: no CONNECT
	altSvc   string
	log      *slog.Logger
}

// routing is where requests go.
type routing struct {
	router  *router
	proxies map[*Upstream]http.Handler
}

func newHTTPService(d *door, accepted func(net.Conn)) (*httpService, error) {
	n, log := d.cfg, d.log
	s := &httpService{
		listener: d.net,
		packets:  d.packets,
		altSvc:   n.HTTP.AltSvc,
		log:      log,
	}
	var err error
	if s.connect, err = newConnect(n); err != nil {
		return nil, err
	}
	cfg := &httpx.ServerConfig{
		Handler:           s,
		Protocols:         n.Versions.protocols(),
		ReadHeaderTimeout: n.HTTP.ReadHeader,
		IdleTimeout:       n.HTTP.Idle,
		StallTimeout:      n.HTTP.Stall,
		StreamTimeout:     n.HTTP.Stream,
		MaxHeaderBytes:    n.HTTP.MaxHeader,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			accepted(c)
			return announce(ctx, c)
		},
		OnError: func(err error) { log.Warn("http", "error", err) },
	}
	if h3 := d.http3; h3 != nil {
		cfg.HTTP3 = func(h http.Handler) httpx.HTTP3Server {
			h3.SetHandler(h)
			return h3
		}
	}
	s.server, err = httpx.NewServer(cfg)
	return s, err
}

// route changes where requests go that begin from now on.
func (s *httpService) route(n *Listener, backends map[*Upstream]*backend) error {
	r := &routing{router: newRouter(n.Routes), proxies: map[*Upstream]http.Handler{}}
	for _, route := range n.Routes {
		p, err := newProxy(n, backends[route.Upstream])
		if err != nil {
			return err
		}
		r.proxies[route.Upstream] = p
	}
	s.routing.Store(r)
	return nil
}

// serve serves the sockets of all versions until shutdown. One that fails ends
// the others.
func (s *httpService) serve() error {
	if s.packets == nil {
		return ended(s.server.Serve(s.listener))
	}
	var errs [2]error
	var wg sync.WaitGroup
	for i, serve := range []func() error{
		func() error { return s.server.Serve(s.listener) },
		func() error { return s.server.ServePackets(s.packets...) },
	} {
		wg.Go(func() {
			if errs[i] = ended(serve()); errs[i] != nil {
				s.server.Close()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs[:]...)
}

// ended takes the end by a shutdown for what it is.
func ended(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// shutdown lets the requests in flight complete until ctx is done, upgraded ones
// too.
func (s *httpService) shutdown(ctx context.Context) bool {
	err := s.server.Shutdown(ctx)
	if err != nil {
		s.log.Warn("shutdown", "error", err)
	}
	return err == nil
}

// ServeHTTP finds the route and passes the request on.
func (s *httpService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	x, r := newExchange(w, r)
	if s.altSvc != "" {
		w.Header().Set("Alt-Svc", s.altSvc)
	}
	defer func() { s.logRequest(x, r, time.Since(start)) }()
	to := s.routing.Load()
	route := to.router.find(r)
	switch {
	case r.Method == http.MethodConnect && http3x.ExtendedProtocol(r) == "":
		s.tunnel(x, r)
	case hasDotSegment(r.URL.Path):
		x.refuse(http.StatusBadRequest)
	case route == nil:
		x.refuse(http.StatusNotFound)
	default:
		x.upstream = route.Upstream.Name
		to.proxies[route.Upstream].ServeHTTP(x, r)
	}
	x.complete = true
}

// tunnel answers a CONNECT, which names its target itself.
func (s *httpService) tunnel(x *exchange, r *http.Request) {
	if s.connect == nil {
		x.refuse(http.StatusMethodNotAllowed)
		return
	}
	s.connect.ServeHTTP(x, r)
}

// logRequest writes one line. A client that went away is its own business and
// no error.
func (s *httpService) logRequest(x *exchange, r *http.Request, took time.Duration) {
	level, args := slog.LevelInfo, []any{
		"client", r.RemoteAddr, "protocol", r.Proto, "method", r.Method,
		"host", r.Host, "path", r.URL.Path, "upstream", x.upstream,
		"status", x.outcome(), "complete", x.complete, "sent", x.sent, "took", took,
	}
	if x.err != nil {
		args = append(args, "error", x.err)
	}
	if x.err != nil && x.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	s.log.Log(context.Background(), level, "request", args...)
}
