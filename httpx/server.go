package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log" //nolint:depguard // net/http takes nothing else; what it logs goes to OnError
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// A Server serves one handler by HTTP/1.1, HTTP/2 and, with a server of HTTP/3
// from the caller, HTTP/3. It is safe for concurrent use.
//
// Clients that are slow or silent are cut by bounds that move with progress, so
// that transfers of any length can complete. What net/http bounds by itself
// holds too: streams that are reset in rows, floods of CONTINUATION and control
// frames, and chunked bodies with more overhead than data.
type Server struct {
	cfg   *ServerConfig
	http  *http.Server // accepts, speaks HTTP/1
	h2    *http.Server // owns the conns of HTTP/2, see newHTTP2
	h3    HTTP3Server  // nil: none
	watch *watch

	ctx    context.Context // of all requests; ends when they are cut
	cancel context.CancelCauseFunc

	conns    conns
	requests [protocolCount]requestCount
	altSvc   atomic.Pointer[[]string]

	mu      sync.Mutex
	state   serverState
	sources map[io.Closer]string // what is served, to its kind
	tasks   int                  // goroutines that run
	work    sync.WaitGroup       // the same, to wait for
	changed chan struct{}        // has a value when a Shutdown has to look again

	draining chan struct{} // closed when Shutdown or Close begins, after the listeners
	told     sync.Once     // closes draining
	ended    chan struct{} // closed when all is closed
}

// serverState is where a Server is in its life.
type serverState int

const (
	serving serverState = iota
	draining
	closed
)

// NewServer returns a Server that does nothing until Serve, ServePackets or Run
// is called. A bad config is reported as a whole: the error joins an [*Error]
// for every bad field.
func NewServer(cfg *ServerConfig) (*Server, error) {
	c := cfg.clone()
	if err := c.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg:      c,
		watch:    newWatch(c.StallTimeout, c.StreamTimeout),
		sources:  map[io.Closer]string{},
		changed:  make(chan struct{}, 1),
		draining: make(chan struct{}),
		ended:    make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.http = s.newHTTP()
	if err := s.setHTTP2(); err != nil {
		return nil, &Error{Op: "config", Field: "Protocols", Value: c.Protocols.String(), Err: err}
	}
	if c.HTTP3 != nil {
		if s.h3 = c.HTTP3(s.handler()); s.h3 == nil {
			return nil, &Error{Op: "config", Field: "HTTP3", Err: errors.New("returned nil")}
		}
	}
	return s, nil
}

// newHTTP returns the server of net/http. Its WriteTimeout is for what it
// writes before and after the handler; while the handler runs, the watch moves
// the deadline on.
func (s *Server) newHTTP() *http.Server {
	return &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: s.cfg.ReadHeaderTimeout,
		WriteTimeout:      s.watch.lease,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    s.cfg.MaxHeaderBytes,
		HTTP2:             s.cfg.HTTP2,
		Protocols:         s.cfg.Protocols,
		ConnState:         s.connState,
		ConnContext:       s.connContext,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ErrorLog:          log.New(&errorLog{s.cfg.OnError}, "", 0),
		// serveHTTP answers OPTIONS * itself, so as to see all requests.
		DisableGeneralOptionsHandler: true,
	}
}

// setHTTP2 lets a second server of net/http own the conns of HTTP/2. Shutdown
// of the one tells those clients to go away, while the first server, which
// would drop requests that arrive after its Shutdown has begun, goes on.
func (s *Server) setHTTP2() error {
	s.h2 = &http.Server{
		ReadHeaderTimeout: s.cfg.ReadHeaderTimeout,
		IdleTimeout:       s.cfg.IdleTimeout,
		Protocols:         s.cfg.Protocols,
		ErrorLog:          s.http.ErrorLog,
	}
	// Serve sets TLSNextProto up before it fails for the listener.
	if err := s.h2.Serve(closedListener{}); !errors.Is(err, net.ErrClosed) {
		return err
	}
	s.http.TLSNextProto = s.h2.TLSNextProto
	if p := s.cfg.Protocols; s.http.TLSNextProto == nil && (p.HTTP2() || p.UnencryptedHTTP2()) {
		return fmt.Errorf("net/http has it off, as with GODEBUG=http2server=0: %w", errors.ErrUnsupported)
	}
	return nil
}

// Draining returns a channel that is closed when Shutdown or Close begins.
// Handlers of streams without end, and of conns that they have hijacked, should
// come to an end then.
func (s *Server) Draining() <-chan struct{} { return s.draining }

// closedListener fails at once.
type closedListener struct{}

func (closedListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closedListener) Close() error              { return nil }
func (closedListener) Addr() net.Addr            { return &net.TCPAddr{} }
