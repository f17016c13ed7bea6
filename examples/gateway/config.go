package main

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/sockopt"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Config is what a document says, checked. docs/spec.md describes each field,
// from message Gateway on.
type Config struct {
	Drain     time.Duration
	Listeners []*Listener
	Upstreams []*Upstream
	Admin     *Admin // nil: no page
}

// Protocol is what a listener speaks.
type Protocol string

// The protocols of a listener.
const (
	TCP   Protocol = "tcp"
	HTTP  Protocol = "http"
	HTTP3 Protocol = "http3" // HTTP, and HTTP/3 at the same port number
	UDP   Protocol = "udp"
	QUIC  Protocol = "quic" // its streams are forwarded as those of tcp are
	DTLS  Protocol = "dtls" // its records are forwarded as the datagrams of udp are
)

// Listener is one entry of listeners.
type Listener struct {
	Name      string
	Addresses []Address // at least one
	Protocol  Protocol
	Options   sockopt.Options
	TLS       *ServerTLS         // nil: no TLS
	Net       listener.Config    // but TLS; for the streams
	UDP       udpsession.Config  // for udp
	QUIC      quicx.ListenConfig // but TLS; for quic and http3
	DTLS      dtlsx.ListenConfig // but TLS; for dtls
	TCP       TCPLimits
	HTTP      HTTPLimits
	Versions  Versions // of HTTP
	Routes    []*Route

	entry *specv1.GatewayListener // what the document says, but the routes
	psk   [sha256.Size]byte       // of the file of its keys, which nobody watches
}

// TCPLimits bounds the sessions of a listener whose protocol is tcp, quic or dtls.
type TCPLimits struct {
	Idle    time.Duration // neither side moved a byte for so long
	Session time.Duration // from the accept to the cut; 0: no bound
	// FirstBytes is how long to wait for the client's first bytes before the
	// dial, which then takes them with it; 0: not at all.
	FirstBytes time.Duration
}

// HTTPLimits bounds the requests of a listener whose protocol is http.
type HTTPLimits struct {
	ReadHeader time.Duration // from the first byte of a request to the end of its header
	Idle       time.Duration // between two requests of a conn
	Stall      time.Duration // one read of a body from, or one write to, the client
	Stream     time.Duration // the same for a body of HTTP/2 whose length is not known
	MaxHeader  int           // bytes
	Tunnel     time.Duration // an upgraded conn, or a CONNECT, that carries nothing

	Forwarding httpx.Forwarding // what the upstreams are told about clients
	Via        string           // empty: none
	Upgrades   []string         // empty: WebSockets
	ConnectTo  []Target         // empty: no CONNECT
	AltSvc     string           // header of responses over TLS; empty: none
}

// Route is one entry of a listener's routes.
type Route struct {
	Host     string // empty: any; "*.example.com": every name below example.com
	Path     string // prefix by whole segments; empty: any
	Upstream *Upstream
}

// Upstream is one entry of upstreams: a server to dial, or a built-in echo.
type Upstream struct {
	Name            string
	Address         Address
	Echo            Protocol      // empty: dial Address; else run this echo server and dial it
	TLS             *ClientTLS    // nil: no TLS
	Dial            dialer.Config // but TLS
	QUIC            http3x.Config // but TLS; for HTTP/3
	Versions        Versions      // of HTTP
	ResponseTimeout time.Duration

	entry *specv1.GatewayUpstream // what the document says
}

// same says whether two entries are alike, routes aside, and what they have out of
// files that are read with the document.
func (n *Listener) same(other *Listener) bool {
	return proto.Equal(n.entry, other.entry) && n.psk == other.psk &&
		bytes.Equal(n.QUIC.StatelessResetKey, other.QUIC.StatelessResetKey) && bytes.Equal(n.QUIC.TokenKey, other.QUIC.TokenKey) &&
		slices.Equal(n.Net.Allow, other.Net.Allow) && slices.Equal(n.Net.Deny, other.Net.Deny)
}

// same says whether two entries are alike.
func (u *Upstream) same(other *Upstream) bool { return proto.Equal(u.entry, other.entry) }
