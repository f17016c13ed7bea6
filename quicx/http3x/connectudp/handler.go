package connectudp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/sockopt/access"
)

// Handler is a proxy for UDP, to be served by HTTP/3: [http3x.NewServer], or
// http3.Server with EnableDatagrams. It is safe for concurrent use.
//
// A session has one socket, that is connected to the target, three goroutines
// and 2 KiB. A datagram that does not fit into a QUIC packet is dropped and
// counted. An error of the socket, such as a port that is closed, ends the
// session (RFC 9298, section 3.1).
type Handler struct {
	cfg     *HandlerConfig
	match   *matcher
	sources *access.Counts
	ctx     context.Context
	cancel  context.CancelFunc

	mu      sync.Mutex
	running sync.WaitGroup
	open    int

	total, refused, sent, received, dropped atomic.Uint64
}

// HandlerStats are the counters of a [Handler].
type HandlerStats struct {
	// Open is how many sessions there are, Total how many there have been with
	// them, and Refused how many requests got no session.
	Open           int
	Total, Refused uint64
	// Sent and Received are datagrams to and from targets, of sessions that have
	// ended; Dropped those that were too large, or had another context than 0.
	Sent, Received, Dropped uint64
}

// NewHandler returns a proxy. It should be closed.
func NewHandler(cfg *HandlerConfig) (*Handler, error) {
	c := cfg.clone()
	m, err := c.validate()
	if err != nil {
		return nil, err
	}
	h := &Handler{cfg: c, match: m, sources: access.NewCounts(c.MaxSessionsPerSource, access.Width{Bits4: 32, Bits6: 64})}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h, nil
}

// Close ends all sessions and waits for that. Requests that come later are
// answered by 503.
func (h *Handler) Close() error {
	h.mu.Lock()
	h.cancel()
	h.mu.Unlock()
	h.running.Wait()
	return nil
}

// Stats returns the counters.
func (h *Handler) Stats() HandlerStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return HandlerStats{
		Open: h.open, Total: h.total.Load(), Refused: h.refused.Load(),
		Sent: h.sent.Load(), Received: h.received.Load(), Dropped: h.dropped.Load(),
	}
}

// ServeHTTP opens a session, and returns when it has ended.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, err := h.admit(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	release, err := h.take(r)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	defer release()
	upstream, err := h.dial(r, target)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	defer upstream.Close()
	w.Header().Set(capsuleField, "?1")
	w.Header().Set("Proxy-Status", proxyStatus(h.cfg.Name, "next-hop", upstream.RemoteAddr().String()))
	stream, err := http3x.AcceptExtended(w, r)
	if err != nil {
		h.refuse(w, r, &refusal{status: http.StatusInternalServerError, kind: "proxy_internal_error", err: err})
		return
	}
	defer stream.Close()
	if err := h.run(r, stream, upstream); err != nil {
		h.report(r, err)
	}
}

// admit returns the target of a request that may have it.
func (h *Handler) admit(r *http.Request) (string, error) {
	switch {
	case r.Method != http.MethodConnect:
		return "", &refusal{status: http.StatusMethodNotAllowed, kind: "http_request_error", err: errors.New("is no CONNECT")}
	case r.ProtoMajor != 3 || http3x.ExtendedProtocol(r) != protocol:
		return "", &refusal{status: http.StatusNotImplemented, kind: "http_request_error", err: errors.New("is no connect-udp of HTTP/3")}
	}
	target, err := h.match.target(r.URL)
	if err != nil {
		return "", &refusal{status: http.StatusBadRequest, kind: "http_request_error", err: err}
	}
	if err := h.cfg.Allow(r, target); err != nil {
		return "", &refusal{status: http.StatusForbidden, kind: "http_request_denied", err: err}
	}
	return target, nil
}

var errSessions = errors.New("too many sessions")

// take counts a session.
func (h *Handler) take(r *http.Request) (release func(), err error) {
	full := &refusal{status: http.StatusServiceUnavailable, kind: "connection_limit_reached", err: errSessions}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ctx.Err() != nil:
		return nil, &refusal{status: http.StatusServiceUnavailable, kind: "proxy_internal_error", err: net.ErrClosed}
	case h.open >= h.cfg.MaxSessions:
		return nil, full
	}
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	source, counted, ok := h.sources.Take(peer.Addr().Unmap())
	if !ok {
		return nil, full
	}
	h.open++
	h.running.Add(1)
	return func() {
		if counted {
			h.sources.Drop(source)
		}
		h.mu.Lock()
		h.open--
		h.mu.Unlock()
		h.running.Done()
	}, nil
}

// dial resolves a target and opens the socket to the first address that may be
// used and can be.
func (h *Handler) dial(r *http.Request, target string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(r.Context(), h.cfg.DialTimeout)
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)()
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err // not so: joinTarget made it
	}
	addrs, err := h.cfg.Resolver.LookupNetIP(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	if err != nil {
		return nil, dialRefusal(err)
	}
	var all []error
	for _, a := range addrs {
		p := netip.MustParseAddrPort(net.JoinHostPort(a.Unmap().String(), port))
		if err := h.cfg.AllowAddr(r, p); err != nil {
			all = append(all, &refusal{status: http.StatusBadGateway, kind: "destination_ip_prohibited", err: err})
			continue
		}
		c, err := h.cfg.Dialer.DialContext(ctx, "udp", p.String())
		if err == nil {
			return c, nil
		}
		all = append(all, dialRefusal(err))
	}
	return nil, errors.Join(all...)
}

// datagramsOf says whether both sides of a stream have them, waiting for the
// client's settings.
func datagramsOf(ctx context.Context, r *http.Request, stream *http3x.ExtendedConn) (bool, error) {
	s, err := stream.Settings(ctx)
	if err != nil {
		return false, err
	}
	server, ok := r.Context().Value(http3.ServerContextKey).(*http3.Server)
	return ok && server.EnableDatagrams && s.EnableDatagrams, nil
}
