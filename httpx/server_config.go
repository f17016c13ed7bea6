package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"time"
)

// ServerConfig describes a Server. NewServer takes copies and never changes it.
type ServerConfig struct {
	// Handler serves the requests of all protocols. Needed.
	Handler http.Handler

	// TLS, when set, puts TLS on every accepted conn that has none yet: on those
	// of plain listeners. It needs Certificates, GetCertificate or
	// GetConfigForClient. The server uses one copy for all conns, in which
	// NextProtos follows from Protocols; what is to change while it runs belongs
	// into GetConfigForClient, whose configs need their own NextProtos. Nil means
	// that the listener decides: a conn that is a *tls.Conn is served over TLS,
	// all others in clear text.
	TLS *tls.Config

	// Protocols says what is served, HTTP/3 aside. HTTP2 is for conns with TLS
	// and needs "h2" in the NextProtos of listeners that bring their own TLS;
	// UnencryptedHTTP2 is HTTP/2 with prior knowledge on conns without. Nil
	// means all three. The old way to start it, "Upgrade: h2c" in an HTTP/1.1
	// request, is not offered: RFC 9113, section 3.1, has removed it; such
	// requests are served as the HTTP/1.1 that they are.
	Protocols *http.Protocols

	// HTTP2 has the settings of HTTP/2, see [http.HTTP2Config]. Zero fields have
	// the defaults of this package where there are such, else those of net/http.
	//
	// They bound what a client can make a conn hold. Bodies that no handler reads
	// take MaxReceiveBufferPerConnection, and less than 32 KiB of half-used
	// memory for each of MaxConcurrentStreams, by default 2 MiB + 250 x 32 KiB;
	// beside them are one frame of MaxReadFrameSize and the headers, of
	// MaxHeaderBytes each. A request that the client resets no longer counts for
	// the conn, though its body is kept until its handler has ended: so handlers
	// should end with the context of their request. With handlers that do not,
	// net/http lets 5 times MaxConcurrentStreams requests gather, each with up to
	// MaxReceiveBufferPerStream and MaxHeaderBytes: 1.3 GiB by default. Many
	// conns hold many times that: their number is for the listener to bound.
	HTTP2 *http.HTTP2Config

	// HTTP3, when set, makes the server of HTTP/3 that ServePackets uses. It
	// gets the handler to serve, which is Handler with what this Server adds: it
	// counts requests, watches for stalls and takes part in Shutdown. It is
	// called once, by NewServer. It must not return nil.
	HTTP3 func(handler http.Handler) HTTP3Server

	// AltSvc is the value of the Alt-Svc header (RFC 7838) that is added to
	// responses of HTTP/1 and HTTP/2 over TLS while HTTP/3 is served, unless the
	// handler sets one. Empty means h3 at the port of the first packet conn, for
	// DefaultAltSvcMaxAge. Needs HTTP3.
	AltSvc string

	// ReadHeaderTimeout limits the TLS handshake where the server does it, and
	// then, from the first byte on, the reading of each HTTP/1 request's header.
	// 0 means DefaultReadHeaderTimeout. Negative is an error.
	ReadHeaderTimeout time.Duration

	// IdleTimeout is how long a conn may wait for its next request, whatever frames
	// else come on a conn of HTTP/2: it ends floods of settings and pings too. 0
	// means DefaultServerIdleTimeout. Negative is an error.
	IdleTimeout time.Duration

	// StallTimeout is how long a client may make no progress while the handler
	// waits for it: while it reads the body of the request, and while it writes
	// the response. The time starts anew with every read that returns, and with
	// every 256 KiB that are written, so there is no bound for a whole request.
	// Time in which the handler does something else does not count. The request
	// is cut between one and 1.25 times of it: the read fails with an error that
	// is [os.ErrDeadlineExceeded], and so does a write, with which the conn of
	// HTTP/1 and the stream of HTTP/2 end. A handler that sets a deadline by
	// [http.ResponseController] has taken over: that direction of its request is
	// no longer watched. 0 means DefaultStallTimeout. Negative is an error.
	StallTimeout time.Duration

	// StreamTimeout stands for StallTimeout where the handler reads a body of
	// HTTP/2 or HTTP/3 without Content-Length, which may be one direction of a
	// dialogue, as in gRPC. 0 means DefaultStreamTimeout, negative none.
	StreamTimeout time.Duration

	// MaxHeaderBytes bounds the header of a request; more is answered with
	// status 431. net/http adds 4 KiB for HTTP/1 and 320 bytes for HTTP/2, where
	// a single field beyond the bound ends the conn. 0 means
	// DefaultServerHeaderBytes. Negative is an error.
	MaxHeaderBytes int

	// MaxRequestsPerConn ends a conn of HTTP/1 or HTTP/2 after so many requests,
	// gracefully: with Connection: close or GOAWAY. So clients of a balancer
	// spread anew. 0 means no bound. Negative is an error.
	MaxRequestsPerConn int

	// DrainTimeout is how long Run lets requests in flight go on. 0 means
	// DefaultDrainTimeout. Negative is an error.
	DrainTimeout time.Duration

	// ConnContext, when set, makes the context of the requests of a conn of
	// HTTP/1 or HTTP/2 from the given one. The conn is the accepted one, with
	// TLS on it if there is. It must not return nil, nor use the conn.
	ConnContext func(ctx context.Context, c net.Conn) context.Context

	// RequestContext, when set, makes the context of each request, whatever its
	// protocol, from the one that it would have, before the handler sees it: so
	// what belongs to a request, a span for instance, is in the context of the
	// handler and of OnEvent. It must not return nil, nor read the body.
	RequestContext func(ctx context.Context, r *http.Request) context.Context

	// OnEvent, when set, is called with RequestServed when the handler of a request
	// has returned or panicked; see [Event]. OPTIONS * has no handler.
	OnEvent func(Event)

	// OnError, when set, hears of what nobody else is told: failed handshakes,
	// malformed requests, panics of the handler, failures to accept. Nothing is
	// printed in any case. It is called by the goroutine where that happens, and
	// by several at a time.
	OnError func(error)
}

// HTTP3Server is what a Server needs of a server of HTTP/3. The Server of
// package http3 of quic-go has it. Serve returns when Shutdown or Close is
// called, and may be called for several conns; the caller closes those.
type HTTP3Server interface {
	Serve(conn net.PacketConn) error
	Shutdown(ctx context.Context) error
	Close() error
}

// clone returns a copy with the defaults.
func (c *ServerConfig) clone() *ServerConfig {
	if c == nil {
		c = &ServerConfig{}
	}
	n := *c
	if n.Protocols == nil {
		n.Protocols = new(http.Protocols)
		n.Protocols.SetHTTP1(true)
		n.Protocols.SetHTTP2(true)
		n.Protocols.SetUnencryptedHTTP2(true)
	} else {
		p := *n.Protocols
		n.Protocols = &p
	}
	h2 := http.HTTP2Config{}
	if n.HTTP2 != nil {
		h2 = *n.HTTP2
	}
	n.HTTP2 = &h2
	n.cloneTLS()
	n.setDefaults()
	return &n
}

// cloneTLS copies what net/http or NextProtos would change.
func (c *ServerConfig) cloneTLS() {
	if c.TLS == nil {
		return
	}
	t := c.TLS.Clone()
	t.NextProtos = slices.DeleteFunc(slices.Clone(t.NextProtos), func(name string) bool {
		return name == "h2" || name == "http/1.1"
	})
	if c.Protocols.HTTP1() {
		t.NextProtos = slices.Insert(t.NextProtos, 0, "http/1.1")
	}
	if c.Protocols.HTTP2() {
		t.NextProtos = slices.Insert(t.NextProtos, 0, "h2")
	}
	c.TLS = t
}

func (c *ServerConfig) setDefaults() {
	setDefault(&c.ReadHeaderTimeout, DefaultReadHeaderTimeout)
	setDefault(&c.IdleTimeout, DefaultServerIdleTimeout)
	setDefault(&c.StallTimeout, DefaultStallTimeout)
	setDefault(&c.StreamTimeout, DefaultStreamTimeout)
	setDefault(&c.DrainTimeout, DefaultDrainTimeout)
	setDefault(&c.MaxHeaderBytes, DefaultServerHeaderBytes)
	setDefault(&c.HTTP2.MaxConcurrentStreams, DefaultConcurrentStreams)
	setDefault(&c.HTTP2.MaxReadFrameSize, DefaultServerReadFrameSize)
	setDefault(&c.HTTP2.MaxReceiveBufferPerStream, DefaultServerReceiveBufferPerStream)
	setDefault(&c.HTTP2.MaxReceiveBufferPerConnection, DefaultServerReceiveBufferPerConnection)
	setDefault(&c.HTTP2.SendPingTimeout, DefaultServerPingInterval)
	setDefault(&c.HTTP2.PingTimeout, DefaultServerPingTimeout)
	setDefault(&c.HTTP2.WriteByteTimeout, max(c.StallTimeout, 0))
}

func setDefault[T comparable](p *T, v T) {
	if *p == *new(T) {
		*p = v
	}
}

// Check says what [NewServer] would say of the config, without making anything: it
// calls no HTTP3.
func (c *ServerConfig) Check() error { return c.clone().validate() }

// validate finds everything that is wrong with the config.
func (c *ServerConfig) validate() error {
	var p problems
	if c.Handler == nil {
		p.add("Handler", "", errors.New("is needed"))
	}
	if t := c.TLS; t != nil && len(t.Certificates) == 0 && t.GetCertificate == nil && t.GetConfigForClient == nil {
		p.add("TLS", "", errors.New("needs Certificates, GetCertificate or GetConfigForClient"))
	}
	if q := c.Protocols; !q.HTTP1() && !q.HTTP2() && !q.UnencryptedHTTP2() {
		p.add("Protocols", q.String(), errors.New("has none of HTTP1, HTTP2 and UnencryptedHTTP2"))
	} else if c.TLS != nil && !q.HTTP1() && !q.HTTP2() {
		p.add("Protocols", q.String(), errors.New("has nothing to speak over TLS"))
	}
	c.validateTimes(&p)
	c.validateHTTP2(&p)
	if c.AltSvc != "" {
		p.add("AltSvc", c.AltSvc, checkAltSvc(c))
	}
	return errors.Join(p...)
}

func (c *ServerConfig) validateTimes(p *problems) {
	for _, f := range []struct {
		name  string
		value time.Duration
	}{
		{"ReadHeaderTimeout", c.ReadHeaderTimeout},
		{"IdleTimeout", c.IdleTimeout},
		{"StallTimeout", c.StallTimeout},
		{"DrainTimeout", c.DrainTimeout},
		{"HTTP2.SendPingTimeout", c.HTTP2.SendPingTimeout},
		{"HTTP2.PingTimeout", c.HTTP2.PingTimeout},
		{"HTTP2.WriteByteTimeout", c.HTTP2.WriteByteTimeout},
	} {
		checkNotNegative(p, f.name, f.value)
	}
	checkNotNegative(p, "MaxHeaderBytes", c.MaxHeaderBytes)
	checkNotNegative(p, "MaxRequestsPerConn", c.MaxRequestsPerConn)
}

// validateHTTP2 refuses what net/http would replace by its defaults unseen.
func (c *ServerConfig) validateHTTP2(p *problems) {
	for _, f := range []struct {
		name            string
		value, low, top int
	}{
		{"MaxConcurrentStreams", c.HTTP2.MaxConcurrentStreams, 1, math.MaxInt32},
		{"MaxDecoderHeaderTableSize", c.HTTP2.MaxDecoderHeaderTableSize, 0, 4<<20 - 1},
		{"MaxEncoderHeaderTableSize", c.HTTP2.MaxEncoderHeaderTableSize, 0, 4<<20 - 1},
		{"MaxReadFrameSize", c.HTTP2.MaxReadFrameSize, 16 << 10, 1<<24 - 1},
		{"MaxReceiveBufferPerConnection", c.HTTP2.MaxReceiveBufferPerConnection, 64 << 10, 4<<20 - 1},
		{"MaxReceiveBufferPerStream", c.HTTP2.MaxReceiveBufferPerStream, 0, 4<<20 - 1},
	} {
		checkRangeOrZero(p, "HTTP2."+f.name, f.value, f.low, f.top)
	}
}

func checkAltSvc(c *ServerConfig) error {
	if c.HTTP3 == nil {
		return errors.New("needs HTTP3")
	}
	for _, b := range []byte(c.AltSvc) {
		if b < ' ' || b > '~' {
			return fmt.Errorf("has the byte %#x, which is not printable ASCII", b)
		}
	}
	return nil
}
