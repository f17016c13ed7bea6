package main

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
	"github.com/strata-net/strata/sockopt"
)

// Config is what a configuration file says, checked and with its certificates
// loaded. README.md describes each key, its unit and its default.
type Config struct {
	Drain     time.Duration
	Listeners []*Listener
	Upstreams []*Upstream
}

// Protocol is what a listener speaks.
type Protocol string

// The protocols of a listener.
const (
	TCP  Protocol = "tcp"
	HTTP Protocol = "http"
	UDP  Protocol = "udp"
)

// Listener is one entry of listeners.
type Listener struct {
	Name      string
	Addresses []Address // at least one
	Protocol  Protocol
	Options   Options
	TLS       *ServerTLS        // nil: no TLS
	Net       listener.Config   // what the file says of it, but addresses, Options and TLS
	UDP       udpsession.Config // the same for protocol udp; rules and sources are those of Net
	TCP       TCPLimits
	HTTP      HTTPLimits
	Routes    []*Route

	at, nameAt, firstAt, overAt place
	addressesAt                 []place
	only                        []onlyKey // keys that do not belong to all protocols, for the check
	origins                     origins   // of Net
}

// TCPLimits bounds the sessions of a listener whose protocol is tcp.
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
	MaxHeader  int           // bytes
}

// ServerTLS is the tls entry of a listener: a certificate from files, or the
// names of one that the gateway signs itself.
type ServerTLS struct {
	Certificate *tls.Certificate // nil: self-signed
	Names       []string         // of the self-signed one
}

// Route is one entry of a listener's routes.
type Route struct {
	Host     string // empty: any; "*.example.com": every name below example.com
	Path     string // prefix by whole segments; empty: any
	Upstream *Upstream

	name                       string // of the upstream, as written
	at, hostAt, pathAt, nameAt place
}

// Upstream is one entry of upstreams: a server to dial, or a built-in echo.
type Upstream struct {
	Name            string
	Address         Address
	Echo            Protocol // empty: dial Address; else run this echo server and dial it
	Options         Options
	TLS             *ClientTLS    // nil: no TLS
	Dial            dialer.Config // what the file says of it, but Options and TLS
	ResponseTimeout time.Duration

	at, nameAt, addressAt, echoAt place
	origins                       origins // of Dial
}

// ClientTLS is the tls entry of an upstream.
type ClientTLS struct {
	Roots      *x509.CertPool // nil: the system's
	ServerName string         // empty: the host of the address
}

// Options is a list of socket options and the place of each.
type Options struct {
	List sockopt.Options

	at []place
}

// onlyKey is a key that makes sense for some protocols.
type onlyKey struct {
	at        place
	protocols []Protocol
}

// newListener returns a listener with the defaults.
func newListener() *Listener {
	return &Listener{
		Protocol: TCP,
		Net:      listener.Config{HandshakeTimeout: 10 * time.Second},
		UDP:      udpsession.Config{MaxSessions: 4096, IdleTimeout: time.Minute},
		origins:  origins{},
		TCP:      TCPLimits{Idle: 10 * time.Minute, Session: 24 * time.Hour},
		HTTP: HTTPLimits{
			ReadHeader: 10 * time.Second,
			Idle:       2 * time.Minute,
			Stall:      time.Minute,
			MaxHeader:  64 << 10,
		},
	}
}

// newUpstream returns an upstream with the defaults.
func newUpstream() *Upstream {
	return &Upstream{
		Dial:            dialer.Config{Timeout: 5 * time.Second, HandshakeTimeout: 5 * time.Second},
		ResponseTimeout: 30 * time.Second,
		origins:         origins{},
	}
}
