package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// httpService passes requests on to the upstreams of its routes.
type httpService struct {
	server   *http.Server
	listener net.Listener
	router   *router
	proxies  map[*Upstream]*httputil.ReverseProxy
	stall    time.Duration
	log      *slog.Logger
	cut      func()

	mu       sync.Mutex
	closed   bool // no request is begun any more
	requests sync.WaitGroup
}

func newHTTPService(n *Listener, l net.Listener, backends map[*Upstream]*backend, log *slog.Logger, accepted func(net.Conn)) *httpService {
	base, cancel := context.WithCancelCause(context.Background())
	s := &httpService{
		listener: l,
		router:   newRouter(n.Routes),
		proxies:  map[*Upstream]*httputil.ReverseProxy{},
		stall:    n.HTTP.Stall,
		log:      log,
	}
	for _, r := range n.Routes {
		s.proxies[r.Upstream] = newProxy(backends[r.Upstream], log)
	}
	s.server = newServer(n.HTTP, log)
	s.server.Handler = s
	s.server.BaseContext = func(net.Listener) context.Context { return base }
	s.server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		accepted(c)
		return announce(ctx, c)
	}
	s.cut = func() {
		cancel(errShutdown)
		s.server.Close()
	}
	return s
}

// newServer returns a server with the limits of a listener. There is no bound
// for a whole request, because an upload or a stream may take any time.
func newServer(limits HTTPLimits, log *slog.Logger) *http.Server {
	return &http.Server{
		ReadHeaderTimeout: limits.ReadHeader,
		IdleTimeout:       limits.Idle,
		MaxHeaderBytes:    limits.MaxHeader,
		HTTP2:             &http.HTTP2Config{WriteByteTimeout: limits.Stall},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

func (s *httpService) serve() error {
	err := s.server.Serve(s.listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// shutdown lets the requests in flight complete until ctx is done. Shutdown of
// the server does not wait for conns that a request upgraded, so requests are
// counted here.
func (s *httpService) shutdown(ctx context.Context) bool {
	err := s.server.Shutdown(ctx)
	if err != nil {
		s.cut()
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return finish(ctx, &s.requests, s.cut) && err == nil
}

// finish waits for wg until ctx is done; then it calls cut and waits again. It
// reports whether it could do without, and calls cut in any case.
func finish(ctx context.Context, wg *sync.WaitGroup, cut func()) bool {
	defer cut()
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		cut()
		<-done
		return false
	}
}

// begin counts a request. It says false when the time for requests is over.
func (s *httpService) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.requests.Add(1)
	}
	return !s.closed
}

// ServeHTTP finds the route and passes the request on.
func (s *httpService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.requests.Done()
	start := time.Now()
	x := newExchange(w, r, s.stall)
	defer func() { s.logRequest(x, r, time.Since(start)) }()
	defer x.end()
	route := s.router.find(r)
	switch {
	case r.Method == http.MethodConnect: // that is for forward proxies
		x.refuse(http.StatusMethodNotAllowed)
	case hasDotSegment(r.URL.Path):
		x.refuse(http.StatusBadRequest)
	case route == nil:
		x.refuse(http.StatusNotFound)
	default:
		x.upstream = route.Upstream.Name
		s.proxies[route.Upstream].ServeHTTP(x, x.request(r))
	}
	x.complete = true
}

// logRequest writes one line. A client that went away is its own business and
// no error.
func (s *httpService) logRequest(x *exchange, r *http.Request, took time.Duration) {
	level, args := slog.LevelInfo, []any{
		"client", r.RemoteAddr, "protocol", r.Proto, "method", r.Method,
		"host", r.Host, "path", r.URL.Path, "upstream", x.upstream,
		"status", x.status, "complete", x.complete, "sent", x.sent, "took", took,
	}
	if x.err != nil {
		args = append(args, "error", x.err)
	}
	if x.err != nil && x.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	s.log.Log(context.Background(), level, "request", args...)
}
