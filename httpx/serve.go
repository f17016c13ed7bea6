package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
)

// run is a listener or a packet conn that is to be served.
type run struct {
	source io.Closer
	addr   net.Addr
	serve  func() error
}

var (
	errServed = errors.New("is served already")
	errNil    = errors.New("is nil")
	errNone   = errors.New("there is none to serve")
)

// Kinds of sources.
const (
	kindListener = "listener"
	kindPackets  = "packet conn"
)

// Serve serves the listeners until Shutdown or Close is called; then it returns
// http.ErrServerClosed. The listeners belong to the server: they are closed when
// Serve returns. When one of them fails the others are closed as well and the
// error is returned at once, an *Error whose Value is the address; conns that
// were accepted are served until Shutdown or Close. Serve can be called several
// times, also at a time.
//
// A listener may have TLS: it is served over TLS if its conns are *tls.Conn,
// whether they have shaken hands or not. To others ServerConfig.TLS applies. A
// conn that hides a *tls.Conn below is closed and reported: net/http needs it on
// the outside, so wrappers belong under TLS.
func (s *Server) Serve(listeners ...net.Listener) error {
	runs := make([]run, len(listeners))
	for i, l := range listeners {
		if l != nil {
			runs[i] = run{keyOf(l), l.Addr(), func() error { return s.http.Serve(&serverListener{Listener: l, server: s}) }}
		}
	}
	return s.serve(kindListener, runs)
}

// ServePackets is Serve for HTTP/3 on packet conns. It needs ServerConfig.HTTP3.
// Give it the port number of the listeners, so that clients which know one
// protocol find the other.
func (s *Server) ServePackets(packets ...net.PacketConn) error {
	runs := make([]run, len(packets))
	for i, c := range packets {
		if c != nil {
			runs[i] = run{keyOf(c), c.LocalAddr(), func() error { return s.serveHTTP3(c) }}
		}
	}
	return s.serve(kindPackets, runs)
}

// Run serves until ctx is done, then lets the requests in flight go on for
// ServerConfig.DrainTimeout, and cuts the rest. When something fails that is the
// end as well, and its error is returned after the drain. The error is nil if
// ctx ended it, or a Shutdown did, and nothing had to be cut.
func (s *Server) Run(ctx context.Context, listeners []net.Listener, packets ...net.PacketConn) error {
	failed := make(chan error, 2)
	waiting := 0
	start := func(serve func() error) {
		waiting++
		go func() { failed <- serve() }()
	}
	if len(listeners) > 0 || len(packets) == 0 {
		start(func() error { return s.Serve(listeners...) })
	}
	if len(packets) > 0 {
		start(func() error { return s.ServePackets(packets...) })
	}
	var errs []error
	select {
	case <-ctx.Done():
	case err := <-failed:
		waiting--
		errs = append(errs, err)
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.DrainTimeout)
	defer cancel()
	drained := s.Shutdown(limited)
	for range waiting {
		errs = append(errs, <-failed)
	}
	errs = slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, http.ErrServerClosed) })
	return errors.Join(append(errs, drained)...)
}

// serve runs all until one ends.
func (s *Server) serve(kind string, runs []run) error {
	ended := make(chan error, len(runs))
	if err := s.admit(kind, runs, ended); err != nil {
		return err
	}
	err := <-ended
	if s.isEnding() {
		for range len(runs) - 1 {
			<-ended //nolint:errcheck // all end for the same reason
		}
		return http.ErrServerClosed
	}
	for _, r := range runs {
		r.source.Close()
	}
	return err
}

// admit starts all of the runs or none; then it closes those that it knew not.
func (s *Server) admit(kind string, runs []run, ended chan<- error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.check(kind, runs)
	for _, r := range runs {
		switch {
		case r.source == nil:
		case err == nil:
			s.sources[r.source] = kind
			s.task(func() { ended <- s.one(kind, r) })
		case s.sources[r.source] == "":
			r.source.Close()
		}
	}
	return err
}

// one runs one until it ends.
func (s *Server) one(kind string, r run) error {
	err := r.serve()
	s.mu.Lock()
	defer s.mu.Unlock()
	// HTTP/3 goes on after Serve while it drains: then drainHTTP3 closes.
	if kind == kindListener || s.state == serving {
		r.source.Close()
		delete(s.sources, r.source)
	}
	return &Error{Op: "serve", Field: kind, Value: r.addr.String(), Err: err}
}

// check says why the runs cannot be served.
func (s *Server) check(kind string, runs []run) error {
	if s.state != serving {
		return http.ErrServerClosed
	}
	var errs []error
	refuse := func(value string, err error) {
		errs = append(errs, &Error{Op: "serve", Field: kind, Value: value, Err: err})
	}
	if len(runs) == 0 {
		refuse("", errNone)
	}
	seen := map[io.Closer]bool{}
	for _, r := range runs {
		switch {
		case r.source == nil:
			refuse("", errNil)
			continue
		case s.sources[r.source] != "" || seen[r.source]:
			refuse(r.addr.String(), errServed)
		case kind == kindPackets && s.h3 == nil:
			refuse(r.addr.String(), fmt.Errorf("ServerConfig.HTTP3 is not set: %w", errors.ErrUnsupported))
		}
		seen[r.source] = true
	}
	return errors.Join(errs...)
}

// serveHTTP3 serves a packet conn and announces it meanwhile.
func (s *Server) serveHTTP3(c net.PacketConn) error {
	value := s.cfg.AltSvc
	if value == "" {
		_, port, err := net.SplitHostPort(c.LocalAddr().String())
		if err != nil {
			return fmt.Errorf("no port to announce: %w", err)
		}
		value = fmt.Sprintf("h3=\":%s\"; ma=%d", port, int(DefaultAltSvcMaxAge.Seconds()))
	}
	header := []string{value}
	if s.altSvc.CompareAndSwap(nil, &header) {
		defer s.altSvc.Store(nil)
	}
	return s.h3.Serve(c)
}
