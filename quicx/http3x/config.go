package http3x

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
)

// What a zero field of a [Config] means.
const (
	// DefaultHandshakeIdleTimeout is how long a server may be silent during the handshake: 2 s, where quic-go waits for
	// 5 s. quic-go sends a first packet that nobody answers again after 0.2, 0.6, 1.4 s and so on, so that the path must
	// have lost four in a row; and what is answered late, by up to 2 s, still is in time.
	DefaultHandshakeIdleTimeout = 2 * time.Second
	// DefaultMaxResponseHeaderBytes is 1 MiB; quic-go takes 10 MB.
	DefaultMaxResponseHeaderBytes = 1 << 20
	// DefaultKeepAlivePeriod is quic-go's own for HTTP/3: a response that takes its time needs a conn that is still there.
	DefaultKeepAlivePeriod = 10 * time.Second
)

// Config describes a transport. NewTransport takes copies and never changes it.
type Config struct {
	// Dial has the socket, its options, local address and buffers, the TLS and the QUIC config, and the timeout, the
	// resolver and the fallback delay of dials. See [quicx.DialConfig], and here what differs:
	//
	// Dial.TLS needs no NextProtos: they are "h3" always. A ServerName in it is verified instead of the host of the URL,
	// for all hosts: leave it empty.
	//
	// In Dial.QUIC zero fields have the defaults of quicx, but HandshakeIdleTimeout is DefaultHandshakeIdleTimeout and
	// KeepAlivePeriod DefaultKeepAlivePeriod, or half of MaxIdleTimeout if that is less (a negative one means none);
	// MaxIncomingStreams is none, as HTTP/3 has no use for streams that a server opens. Of Versions there may be one.
	Dial quicx.DialConfig

	// Network is what is dialled: "udp", "udp4" or "udp6". Empty means "udp".
	Network string

	// Address, when set, returns the host:port to dial for an authority, the host:port of the URL, and "" for the authority
	// itself. The name that is sent and verified is that of the URL in any case (RFC 7838, section 2.1). The context has
	// the values of that of the request for which the conn is dialled: with httpx.NewAltSvc and its DialsAlternative it is
	// AltSvcAddress that returns it.
	Address func(ctx context.Context, authority string) string

	// Early dials with 0-RTT where the server has given a ticket for it: requests of http3.MethodGet0RTT and
	// http3.MethodHead0RTT are sent at once, and can be replayed by an attacker. Others wait for the handshake. A conn is
	// then there before the server has answered, and so the first address that can be sent to is the one that is used,
	// whether it answers or not: there is no fallback from IPv6 to IPv4.
	Early bool

	// DisableCompression sends no "Accept-Encoding: gzip" by itself, so that nothing is unpacked by itself.
	DisableCompression bool

	// EnableDatagrams offers datagrams in both layers: HTTP/3's (RFC 9297) and QUIC's (RFC 9221). Those of Dial.QUIC need
	// not be enabled, and must not be without this. It makes Dial.QUIC.InitialPacketSize 1,280 unless that is set, so
	// that a datagram has room for a packet of QUIC; a path has to carry 1,308 bytes then, 1,328 with IPv6.
	EnableDatagrams bool

	// MaxResponseHeaderBytes bounds the header of a response, as packed and as unpacked. 0 means
	// DefaultMaxResponseHeaderBytes. Negative is an error.
	MaxResponseHeaderBytes int

	// AdditionalSettings are sent beside those of HTTP/3, of RFC 9220 and of RFC 9297, none of which may be here.
	AdditionalSettings map[uint64]uint64

	// Logger gets what quic-go's http3 has to tell, all of it of level debug. Nil means that nothing is logged.
	Logger *slog.Logger
}

// clone returns a copy with the defaults.
func (c *Config) clone() *Config {
	if c == nil {
		c = &Config{}
	}
	n := *c
	n.Network = cmp.Or(n.Network, "udp")
	n.MaxResponseHeaderBytes = cmp.Or(n.MaxResponseHeaderBytes, DefaultMaxResponseHeaderBytes)
	n.AdditionalSettings = maps.Clone(n.AdditionalSettings)
	n.Dial.TLS = clientTLS(n.Dial.TLS)
	n.Dial.QUIC = n.clientQUIC()
	return &n
}

// clientQUIC returns what HTTP/3 wants of QUIC.
func (c *Config) clientQUIC() *quic.Config {
	q := &quic.Config{}
	if c.Dial.QUIC != nil {
		q = c.Dial.QUIC.Clone()
	}
	q.HandshakeIdleTimeout = cmp.Or(q.HandshakeIdleTimeout, DefaultHandshakeIdleTimeout)
	q.MaxIncomingStreams = cmp.Or(q.MaxIncomingStreams, -1)
	switch {
	case q.KeepAlivePeriod == 0:
		q.KeepAlivePeriod = DefaultKeepAlivePeriod
		if q.MaxIdleTimeout > 0 {
			q.KeepAlivePeriod = min(q.KeepAlivePeriod, q.MaxIdleTimeout/2)
		}
	case q.KeepAlivePeriod < 0:
		q.KeepAlivePeriod = 0
	}
	if len(q.Versions) == 0 {
		q.Versions = []quic.Version{quic.Version1}
	}
	q.EnableDatagrams = q.EnableDatagrams || c.EnableDatagrams
	roomForDatagrams(q)
	return q
}

// roomForDatagrams lets a datagram take the 1,200 bytes of a first packet of QUIC from the start, as CONNECT-UDP needs
// it (RFC 9298): with the packets of quicx it would have to wait for path MTU discovery.
func roomForDatagrams(q *quic.Config) {
	if q.EnableDatagrams {
		q.InitialPacketSize = cmp.Or(q.InitialPacketSize, datagramPacketSize)
	}
}

// datagramPacketSize is quic-go's own InitialPacketSize.
const datagramPacketSize = 1280

// Check says what [NewTransport] would say of the config, and opens nothing. nil is the zero Config.
func (c *Config) Check() error { return c.clone().validate() }

// validate checks a clone.
func (c *Config) validate() error {
	var p problems
	switch c.Network {
	case "udp", "udp4", "udp6":
	default:
		p.add("Network", c.Network, errors.New(`must be "udp", "udp4" or "udp6"`))
	}
	notNegative(&p, "MaxResponseHeaderBytes", c.MaxResponseHeaderBytes)
	checkSettings(&p, c.AdditionalSettings)
	if c.Dial.QUIC.EnableDatagrams && !c.EnableDatagrams {
		p.add("EnableDatagrams", "false", oneLayer("Dial.QUIC"))
	}
	if n := len(c.Dial.QUIC.Versions); n != 1 {
		p.add("Dial.QUIC.Versions", fmt.Sprint(c.Dial.QUIC.Versions), errors.New("HTTP/3 dials with one version"))
	}
	return errors.Join(p.err(), c.Dial.Check())
}

// oneLayer is for a config of QUIC that has datagrams where HTTP/3 has none.
func oneLayer(field string) error {
	return fmt.Errorf("%s.EnableDatagrams=true: QUIC's datagrams are of no use without those of HTTP/3; set EnableDatagrams, which enables both", field)
}
