package http3x

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
)

// What a zero field of a [ServerConfig] means.
const (
	// DefaultMaxHeaderBytes is 64 KiB; quic-go takes 1 MiB.
	DefaultMaxHeaderBytes = 64 << 10
	// DefaultMaxStreams is how many requests a client may have open at a time; 100 in quic-go.
	DefaultMaxStreams = 250
	// DefaultMaxUniStreams is for streams that are no requests: HTTP/3 has three, extensions have a few more. 100 in quic-go.
	DefaultMaxUniStreams = 16
	// DefaultIdleTimeout is for conns without requests; endless in quic-go.
	DefaultIdleTimeout = 2 * time.Minute
	// DefaultStallTimeout is for clients that neither send nor take; endless in quic-go.
	DefaultStallTimeout = time.Minute
	// DefaultStreamTimeout is the same for requests whose length is not known.
	DefaultStreamTimeout = time.Hour
)

// minUniStreams is for the control stream and the two of QPACK (RFC 9114, section 6.2).
const minUniStreams = 3

// ServerConfig describes a Server. NewServer takes copies and never changes it.
type ServerConfig struct {
	// Handler serves the requests. Needed, here or from SetHandler, before anything is served.
	Handler http.Handler

	// Listen has what listens: the socket, its options and buffers, TLS and QUIC, who is let in, the limits of conns and of
	// handshakes, Retry and the keys. See [quicx.ListenConfig], and here what differs:
	//
	// Listen.Address is for ListenAndServe only; Listen.Conn must be nil, as Serve gives it.
	//
	// Listen.TLS is needed. Its NextProtos are replaced by "h3", in the configs that its GetConfigForClient returns too.
	//
	// Listen.CloseCode 0 means H3_NO_ERROR, 0x100.
	//
	// In Listen.QUIC, zero fields have the defaults of quicx, but MaxIncomingStreams is DefaultMaxStreams and
	// MaxIncomingUniStreams DefaultMaxUniStreams. The same goes for the configs that its GetConfigForClient returns.
	//
	// With Listen.Early, requests can arrive before the handshake is complete, and can then be replays of an attacker.
	// Those of methods other than GET, HEAD, OPTIONS and TRACE are answered with status 425 (RFC 8470), for which clients
	// send them again; the others are served.
	Listen quicx.ListenConfig

	// EnableDatagrams offers datagrams in both layers: HTTP/3's (RFC 9297) and QUIC's (RFC 9221). Those of Listen.QUIC need
	// not be enabled, and must not be without this. It makes Listen.QUIC.InitialPacketSize 1,280 unless that is set, see
	// [Config].
	EnableDatagrams bool

	// AdditionalSettings are sent beside those of HTTP/3, of RFC 9220 and of RFC 9297, none of which may be here.
	AdditionalSettings map[uint64]uint64

	// MaxHeaderBytes bounds the header of a request, as packed and as unpacked; more is answered with status 431. 0 means
	// DefaultMaxHeaderBytes. Negative is an error.
	MaxHeaderBytes int

	// IdleTimeout ends conns on which no handler runs for so long. Streams whose header is not complete do not keep a
	// conn, so that clients which send headers byte by byte are bounded too. 0 means DefaultIdleTimeout. Negative is an
	// error.
	IdleTimeout time.Duration

	// StallTimeout is how long a client may make no progress while the handler waits for it: while it reads the body of the
	// request, and while it writes the response. The time starts anew with every read, and with every 256 KiB that are
	// written, so there is no bound for a whole request; time in which the handler does something else does not count. The
	// request is cut between one and 1.25 times of it: the read or write fails with an error that is
	// [os.ErrDeadlineExceeded]. A handler that sets a deadline by [http.ResponseController], or takes the stream over, has
	// that direction of its request to itself. 0 means DefaultStallTimeout, negative none: for httpx.Server, which has the
	// same bounds for all its protocols.
	StallTimeout time.Duration

	// StreamTimeout stands for StallTimeout where the handler reads a body without Content-Length, which may be one
	// direction of a dialogue, as in gRPC. 0 means DefaultStreamTimeout, negative none.
	StreamTimeout time.Duration

	// ConnContext, when set, makes the context of the requests of a conn from the given one. It must not return nil.
	ConnContext func(ctx context.Context, c *quic.Conn) context.Context

	// OnError, when set, hears of what nobody else is told: panics of handlers, conns that are ended for what they do.
	// Nothing is printed in any case. It is called by the goroutine where that happens, and by several at a time.
	OnError func(error)
}

// clone returns a copy with the defaults.
func (c *ServerConfig) clone() *ServerConfig {
	if c == nil {
		c = &ServerConfig{}
	}
	n := *c
	n.MaxHeaderBytes = cmp.Or(n.MaxHeaderBytes, DefaultMaxHeaderBytes)
	n.IdleTimeout = cmp.Or(n.IdleTimeout, DefaultIdleTimeout)
	n.StallTimeout = cmp.Or(n.StallTimeout, DefaultStallTimeout)
	n.StreamTimeout = cmp.Or(n.StreamTimeout, DefaultStreamTimeout)
	n.AdditionalSettings = maps.Clone(n.AdditionalSettings)
	n.Listen.TLS = serverTLS(n.Listen.TLS)
	n.Listen.QUIC = n.serverQUIC()
	n.Listen.CloseCode = cmp.Or(n.Listen.CloseCode, noError)
	return &n
}

// serverQUIC returns what HTTP/3 wants of QUIC.
func (c *ServerConfig) serverQUIC() *quic.Config {
	q := &quic.Config{}
	if c.Listen.QUIC != nil {
		q = c.Listen.QUIC.Clone()
	}
	c.fillQUIC(q)
	return q
}

// fillQUIC sets the fields that are zero.
func (c *ServerConfig) fillQUIC(q *quic.Config) {
	q.MaxIncomingStreams = cmp.Or(q.MaxIncomingStreams, DefaultMaxStreams)
	q.MaxIncomingUniStreams = cmp.Or(q.MaxIncomingUniStreams, DefaultMaxUniStreams)
	q.EnableDatagrams = q.EnableDatagrams || c.EnableDatagrams
	roomForDatagrams(q)
}

// Check says what [NewServer] would say of the config, and opens nothing. Listen.Address, which only ListenAndServe needs,
// may be empty. nil is the zero ServerConfig.
func (c *ServerConfig) Check() error { return c.clone().validate() }

// validate checks a clone.
func (c *ServerConfig) validate() error {
	var p problems
	notNegative(&p, "MaxHeaderBytes", c.MaxHeaderBytes)
	notNegative(&p, "IdleTimeout", c.IdleTimeout)
	checkSettings(&p, c.AdditionalSettings)
	c.checkDatagrams(&p, c.Listen.QUIC)
	if c.Listen.Conn != nil {
		p.add("Listen.Conn", fmt.Sprint(c.Listen.Conn.LocalAddr()), errors.New("must be nil: Serve gets the conns"))
	}
	checkStreams(&p, c.Listen.QUIC)
	return errors.Join(p.err(), c.Listen.Check())
}

func (c *ServerConfig) checkDatagrams(p *problems, q *quic.Config) {
	if q.EnableDatagrams && !c.EnableDatagrams {
		p.add("EnableDatagrams", "false", oneLayer("Listen.QUIC"))
	}
}

// checkStreams wants as many as HTTP/3 cannot do without.
func checkStreams(p *problems, q *quic.Config) {
	atLeast := func(field string, n, least int64) {
		if n < least {
			p.add("Listen.QUIC."+field, strconv.FormatInt(n, 10), fmt.Errorf("must be at least %d for HTTP/3", least))
		}
	}
	atLeast("MaxIncomingStreams", q.MaxIncomingStreams, 1)
	atLeast("MaxIncomingUniStreams", q.MaxIncomingUniStreams, minUniStreams)
}
