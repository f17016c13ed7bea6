package http3x

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx"
)

// A Server serves one handler by HTTP/3. It is safe for concurrent use.
//
// It offers extended CONNECT (RFC 9220) always: the handler gets such requests with the method CONNECT, and the
// ResponseWriter is an [http3.HTTPStreamer]. Clients that are slow, silent or greedy are bounded, see [ServerConfig].
type Server struct {
	cfg     *ServerConfig
	http    *http3.Server
	handler atomic.Pointer[http.Handler]

	requests, inFlight, stalled, refused atomic.Int64

	mostStreams atomic.Int64 // that a client may have open

	mu         sync.Mutex
	state      serverState
	listeners  map[*quicx.Listener]struct{}
	conns      map[*quic.Conn]*conn
	handed     sync.WaitGroup  // conns that were accepted and did not get to http yet
	serves     sync.WaitGroup  // calls of Serve, and what ends listeners
	lookups    context.Context // ends with serving
	endLookups context.CancelFunc
	changed    chan struct{} // has a value when a Shutdown has to look again

	draining chan struct{} // closed when Shutdown or Close begins
	goneAway chan struct{} // closed when http has ended
	ended    chan struct{} // closed when all is closed
}

// serverState is where a Server is in its life.
type serverState int

const (
	serving serverState = iota
	draining
	closed
)

// noError is H3_NO_ERROR: how a conn ends that is not needed any more.
const noError = quic.ApplicationErrorCode(http3.ErrCodeNoError)

// NewServer returns a Server that does nothing until Serve or ListenAndServe is called. A bad config is reported as a
// whole: the error joins an [*Error] or a [*quicx.Error] for every bad field.
func NewServer(cfg *ServerConfig) (*Server, error) {
	c := cfg.clone()
	if err := c.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg:       c,
		listeners: map[*quicx.Listener]struct{}{},
		conns:     map[*quic.Conn]*conn{},
		changed:   make(chan struct{}, 1),
		draining:  make(chan struct{}),
		goneAway:  make(chan struct{}),
		ended:     make(chan struct{}),
	}
	s.lookups, s.endLookups = context.WithCancel(context.Background())
	s.SetHandler(c.Handler)
	s.raise(c.Listen.QUIC.MaxIncomingStreams)
	if get := c.Listen.QUIC.GetConfigForClient; get != nil {
		c.Listen.QUIC.GetConfigForClient = s.own(get)
	}
	s.http = &http3.Server{
		Handler:            http.HandlerFunc(s.serveHTTP),
		EnableDatagrams:    c.EnableDatagrams,
		MaxHeaderBytes:     c.MaxHeaderBytes,
		AdditionalSettings: c.AdditionalSettings,
		ConnContext:        s.connContext,
		Logger:             slog.New(reporter{Server: s}),
	}
	return s, nil
}

// own makes of the configs that are returned for a client what is made of that for all.
func (s *Server) own(get func(*quic.ClientInfo) (*quic.Config, error)) func(*quic.ClientInfo) (*quic.Config, error) {
	return func(info *quic.ClientInfo) (*quic.Config, error) {
		q, err := get(info)
		if q == nil || err != nil {
			return nil, err
		}
		q = q.Clone()
		s.cfg.fillQUIC(q)
		var p problems
		s.cfg.checkDatagrams(&p, q)
		checkStreams(&p, q)
		if err := p.err(); err != nil {
			return nil, err
		}
		s.raise(q.MaxIncomingStreams)
		return q, nil
	}
}

// raise notes how many streams a client may have open.
func (s *Server) raise(streams int64) {
	for most := s.mostStreams.Load(); streams > most && !s.mostStreams.CompareAndSwap(most, streams); {
		most = s.mostStreams.Load()
	}
}

// SetHandler sets the handler of the requests to come. It is for servers that wrap the handler of another one, as
// httpx.Server does: HTTP3: func(h http.Handler) httpx.HTTP3Server { s.SetHandler(h); return s }.
func (s *Server) SetHandler(h http.Handler) {
	if h != nil {
		s.handler.Store(&h)
	}
}

// Draining returns a channel that is closed when Shutdown or Close begins. Handlers of streams without end, and of
// streams that they have taken over, should come to an end then.
func (s *Server) Draining() <-chan struct{} { return s.draining }

// ListenAndServe opens a socket at ServerConfig.Listen.Address and serves it as Serve does.
func (s *Server) ListenAndServe() error {
	c := s.cfg.Listen
	return s.listenAndServe(&c, c.Address)
}

// Serve serves a packet conn until Shutdown or Close is called; then it returns http.ErrServerClosed at once, while the
// conns go on to use the socket until Shutdown or Close has returned. It closes the socket in no case. It can be called
// several times, also at a time. The conn has to be a *net.UDPConn: anything around it would cost two thirds of the
// speed, see [quicx.ListenConfig].
func (s *Server) Serve(pc net.PacketConn) error {
	udp, ok := pc.(*net.UDPConn)
	if !ok || udp == nil || udp.LocalAddr() == nil {
		return &Error{Op: "serve", Err: fmt.Errorf("%w: %T is not an open *net.UDPConn", errors.ErrUnsupported, pc)}
	}
	c := s.cfg.Listen
	c.Conn, c.Address = udp, ""
	return s.listenAndServe(&c, udp.LocalAddr().String())
}

func (s *Server) listenAndServe(c *quicx.ListenConfig, address string) error {
	if s.handler.Load() == nil {
		return &Error{Op: "serve", Address: address, Field: "Handler", Err: errors.New("is needed")}
	}
	l, err := s.listen(c)
	if err != nil {
		if errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return &Error{Op: "serve", Address: address, Err: err}
	}
	defer s.serves.Done()
	err = s.http.ServeListener(&acceptor{Listener: l, server: s})
	if s.isDraining() {
		return http.ErrServerClosed // the drain ends the listener
	}
	s.mu.Lock()
	delete(s.listeners, l)
	s.mu.Unlock()
	_ = l.Close() // it has failed before
	return &Error{Op: "serve", Address: address, Err: err}
}

// listen opens a listener, unless the server has ended, or ends while a name is looked up. serves counts it then.
func (s *Server) listen(c *quicx.ListenConfig) (*quicx.Listener, error) {
	s.mu.Lock()
	if s.state != serving {
		s.mu.Unlock()
		return nil, http.ErrServerClosed
	}
	s.serves.Add(1)
	s.mu.Unlock()
	l, err := quicx.NewListener(s.lookups, c) // without the lock: a lookup may take long
	s.mu.Lock()
	ended := s.state != serving
	if err == nil && !ended {
		s.listeners[l] = struct{}{}
	}
	s.mu.Unlock()
	if err == nil && !ended {
		return l, nil
	}
	if err == nil {
		_ = l.Close() // nobody has heard of it
	}
	s.serves.Done()
	if ended {
		return nil, http.ErrServerClosed
	}
	return nil, err
}

// acceptor hands conns to http3.
type acceptor struct {
	*quicx.Listener

	server *Server
}

// Accept returns the next conn.
func (a *acceptor) Accept(ctx context.Context) (*quic.Conn, error) {
	q, err := a.Listener.Accept(ctx)
	if err != nil {
		return nil, err
	}
	if !a.server.admit(q) {
		_ = q.CloseWithError(noError, "") // it is over either way
		return nil, http.ErrServerClosed
	}
	return q, nil
}

// report tells ServerConfig.OnError.
func (s *Server) report(err error) {
	if s.cfg.OnError != nil {
		s.cfg.OnError(err)
	}
}

// reporter is the logger of http3, which would print otherwise.
type reporter struct {
	*Server

	attrs string // those of every record
}

func (reporter) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// WithGroup drops the name: attributes are few.
func (r reporter) WithGroup(string) slog.Handler { return r }

// WithAttrs keeps attributes for all records.
func (r reporter) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		r.attrs += " " + a.String()
	}
	return r
}

// Handle reports a record with its attributes.
func (r reporter) Handle(_ context.Context, record slog.Record) error {
	text := record.Message + r.attrs
	record.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	r.report(&Error{Op: "serve", Err: errors.New(text)})
	return nil
}
