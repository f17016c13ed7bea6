package httpx

import (
	"net/http"
	"slices"
)

// handler returns what serves the requests of all protocols.
func (s *Server) handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }

// serveHTTP counts and watches a request while the handler has it.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	count := &s.requests[protocolOf(r)]
	count.total.Add(1)
	count.inFlight.Add(1)
	defer s.done(count)
	s.announce(w, r)
	if r.Method == http.MethodOptions && r.RequestURI == "*" {
		w.Header().Set("Content-Length", "0") // as net/http does: the server itself is asked
		return
	}
	x := newExchange(s, w, r)
	defer x.end()
	s.handle(x, x.request(s.contextual(r)))
	if s.ctx.Err() != nil && !x.hijacked.Load() {
		panic(http.ErrAbortHandler) // cut: a handler that gave up for it must not seem to have answered
	}
}

// done counts the end of a request.
func (s *Server) done(c *requestCount) {
	if c.inFlight.Add(-1) == 0 {
		s.notify()
	}
}

// announce sets what concerns the conn rather than the response.
func (s *Server) announce(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor >= 3 {
		return
	}
	if v := s.altSvc.Load(); v != nil && r.TLS != nil {
		w.Header()["Alt-Svc"] = slices.Clone(*v)
	}
	if s.last(r) {
		w.Header().Set("Connection", "close")
	}
}

func protocolOf(r *http.Request) protocol {
	switch r.ProtoMajor {
	case 3:
		return protocolHTTP3
	case 2:
		return protocolHTTP2
	}
	return protocolHTTP1
}
