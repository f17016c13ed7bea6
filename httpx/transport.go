package httpx

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
	"net/url"
	"time"
)

// TransportConfig describes an [http.Transport]. The zero value is HTTP/2 and
// HTTP/1.1 for https, HTTP/1.1 for http, without a proxy, with a limit for
// every phase. NewTransport takes copies and never changes it.
//
// Unless it says otherwise, a zero field means the default named in its docs,
// a negative one is an error.
type TransportConfig struct {
	// Dialer makes the raw conns to targets and proxies. nil is a zero
	// [net.Dialer]. The scheme of the URL alone decides on TLS, so a conn that
	// is TLS to the target already is closed, and its use an error. A *[tls.Conn]
	// to somebody else, that is to a proxy which the Dialer goes through, is
	// fine: it is told by the name of its handshake, or, for targets that
	// are IP addresses, by its remote address. A Dialer that hides its TLS cannot be found out.
	//
	// Whatever the Dialer dials instead of the address, the certificate is
	// verified for the host of the URL (or TLS.ServerName).
	Dialer Dialer

	// DialContext is the same as a func, instead of Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// TLS is for the targets of https. nil is the zero [tls.Config]. An empty
	// ServerName means the host of the URL; one that is set is sent to, and verified for, all
	// hosts. NextProtos follow Protocols: names of HTTP in it are
	// replaced, so one config can serve HTTP/3 and servers as well; any other name is an error.
	// A MaxVersion below TLS 1.2 is an error with HTTP/2 (RFC 9113 section 9.2).
	TLS *tls.Config

	// Protocols are those that may be used. nil means HTTP1 and HTTP2,
	// whatever TLS and Dialer are. What they leave out is refused:
	//
	//   - HTTP1: http and https
	//   - HTTP2: https, chosen by ALPN; without HTTP1 a target that does not choose it is an error, as is http
	//   - HTTP1 and HTTP2: https with what the target chooses, http with HTTP/1.1
	//   - UnencryptedHTTP2: http, with prior knowledge; https needs HTTP2 beside it. An error beside HTTP1,
	//     because [http.Transport] would never use it.
	Protocols *http.Protocols

	// HTTP2 are the settings of HTTP/2; fields that are zero have the defaults of
	// this package. It is an error without HTTP2 and UnencryptedHTTP2 in Protocols. See
	// [HTTP2Config] for each field's meaning and default. As in it, a negative
	// SendPingTimeout means never. StrictMaxConcurrentRequests is errors.ErrUnsupported:
	// net/http lets requests wait for each other for ever (go.dev/issue/70809, Go 1.26),
	// but NewHTTP2Transport has it. MaxConcurrentStreams and PermitProhibitedCipherSuites are for servers, and errors;
	// CountError is errors.ErrUnsupported, because net/http's transport does not call it (Go 1.26).
	HTTP2 *http.HTTP2Config

	// DialTimeout limits each call of the Dialer. 0 means DefaultDialTimeout,
	// negative no limit but the Dialer's own.
	DialTimeout time.Duration

	// TLSHandshakeTimeout limits each TLS handshake, that with a proxy included.
	// 0 means DefaultTLSHandshakeTimeout.
	TLSHandshakeTimeout time.Duration

	// ResponseHeaderTimeout limits the wait for the header of the response once the
	// request is sent with its body. 0 means DefaultResponseHeaderTimeout,
	// negative no limit.
	ResponseHeaderTimeout time.Duration

	// ExpectContinueTimeout is how long a request with "Expect: 100-continue"
	// keeps its body back. 0 means DefaultExpectContinueTimeout, negative that
	// the body is sent at once.
	ExpectContinueTimeout time.Duration

	// IdleConnTimeout is how long a conn is kept without a request. 0 means
	// DefaultIdleConnTimeout, negative until the peer closes it.
	IdleConnTimeout time.Duration

	// MaxIdleConns is how many conns are kept without a request. 0 means
	// DefaultMaxIdleConns, negative no limit.
	MaxIdleConns int

	// MaxIdleConnsPerHost is the same for one host. 0 means
	// DefaultMaxIdleConnsPerHost, or MaxIdleConns if that is less; negative no
	// limit but MaxIdleConns. 64 clients at once made 9,400 requests/s over TLS with 128,
	// 6,900 with 16, and 1,100 with the 2 of net/http, which opened 4,406 conns for 6,400 requests.
	MaxIdleConnsPerHost int

	// MaxConnsPerHost is how many conns one host may have, in use or not;
	// requests wait for one. 0 means no limit. It does not bound conns of HTTP/2 whose peer
	// limits streams: net/http stops counting those that are full (go.dev/issue/34941;
	// 100 requests at once had 17 to 27 conns instead of 2).
	MaxConnsPerHost int

	// MaxResponseHeaderBytes is how long the header of a response may be, and the
	// answer of a proxy to CONNECT. 0 means DefaultMaxResponseHeaderBytes; at most 4 GiB - 1.
	// HTTP/2 counts 32 bytes more for each field (RFC 9113 section 6.5.2).
	MaxResponseHeaderBytes int64

	// ReadBufferSize and WriteBufferSize are what an HTTP/1.1 conn
	// has in memory, idle or not. 0 means DefaultReadBufferSize and
	// DefaultWriteBufferSize; at most 16 MiB. Larger ones are no faster: with 64 KiB
	// a download over TLS had 0.93 of the speed, an upload 1.04.
	ReadBufferSize, WriteBufferSize int

	// DisableKeepAlives makes each request use a conn of its own. With it
	// IdleConnTimeout, MaxIdleConns and MaxIdleConnsPerHost are errors.
	DisableKeepAlives bool

	// DisableCompression leaves out the "Accept-Encoding: gzip" of requests that
	// have none, and the decoding of their answers.
	DisableCompression bool

	// ProxyURL is the proxy of all requests: scheme://[user:password@]host[:port]
	// with scheme http, https, socks5 or socks5h (both give the name to the proxy). Requests
	// for https go through CONNECT. User and password are sent as basic authentication, or by the
	// method of RFC 1929. Proxies of HTTP cannot carry UnencryptedHTTP2.
	ProxyURL *url.URL

	// NoProxy lists what ProxyURL is not used for, in the form of the variable
	// NO_PROXY: comma separated hosts, domains (".example.com"), IPs, prefixes,
	// each but prefixes with an optional port; "*" is everything. localhost and loopback addresses
	// are not proxied then either. "" means that everything is.
	NoProxy string

	// ProxyFunc chooses the proxy of a request, in the form of ProxyURL; nil for none.
	// It is called by many goroutines at the same time. An error beside ProxyURL.
	ProxyFunc func(*http.Request) (*url.URL, error)

	// ProxyFromEnvironment takes proxies from the variables HTTP_PROXY,
	// HTTPS_PROXY and NO_PROXY, also in lower case. They are read once, in
	// NewTransport; a proxy that cannot be is an error. An error beside
	// ProxyURL and ProxyFunc. Unlike http.DefaultTransport this is off unless asked for.
	ProxyFromEnvironment bool

	// ProxyTLS is for https proxies, and nothing of TLS is. nil is the zero
	// tls.Config. An empty ServerName means the host of the proxy. NextProtos is always
	// http/1.1.
	ProxyTLS *tls.Config

	// ProxyConnectHeader is sent with each CONNECT.
	ProxyConnectHeader http.Header

	// GetProxyConnectHeader makes the header of a CONNECT to the target, which is
	// host:port. An error beside ProxyConnectHeader.
	GetProxyConnectHeader func(ctx context.Context, proxy *url.URL, target string) (http.Header, error)

	// OnProxyConnectResponse sees the answer of a proxy to CONNECT. Its error is that of
	// the request.
	OnProxyConnectResponse func(ctx context.Context, proxy *url.URL, req *http.Request, res *http.Response) error
}

// NewTransport makes a transport of its own for each call; nil is the zero
// TransportConfig. Its error is one [Error] for each bad field, joined. Nothing is opened.
//
// Requests that the config forbids fail with an *Error before anything is
// dialled. CloseIdleConnections closes what is kept.
func NewTransport(cfg *TransportConfig) (*http.Transport, error) {
	if cfg == nil {
		cfg = &TransportConfig{}
	}
	t, errs := newTransport(cfg)
	return t, errors.Join(errs...)
}

func newTransport(cfg *TransportConfig) (*http.Transport, problems) {
	errs := cfg.validate()
	p, err := newProxies(cfg)
	errs.add("ProxyFromEnvironment", "true", err)
	if len(errs) > 0 {
		return nil, errs
	}
	protocols := cfg.protocols()
	d := newDial(cfg, p)
	t := &http.Transport{
		Proxy:                  p.choose,
		DialContext:            d.dial,
		TLSClientConfig:        targetTLS(cfg.TLS, protocols),
		TLSHandshakeTimeout:    d.handshakeTimeout,
		DisableKeepAlives:      cfg.DisableKeepAlives,
		DisableCompression:     cfg.DisableCompression,
		MaxConnsPerHost:        cfg.MaxConnsPerHost,
		IdleConnTimeout:        limit(cfg.IdleConnTimeout, DefaultIdleConnTimeout),
		ResponseHeaderTimeout:  limit(cfg.ResponseHeaderTimeout, DefaultResponseHeaderTimeout),
		ExpectContinueTimeout:  limit(cfg.ExpectContinueTimeout, DefaultExpectContinueTimeout),
		MaxResponseHeaderBytes: cmp.Or(cfg.MaxResponseHeaderBytes, DefaultMaxResponseHeaderBytes),
		ReadBufferSize:         cmp.Or(cfg.ReadBufferSize, DefaultReadBufferSize),
		WriteBufferSize:        cmp.Or(cfg.WriteBufferSize, DefaultWriteBufferSize),
		HTTP2:                  clientHTTP2(cfg.HTTP2),
		Protocols:              &protocols,
	}
	t.MaxIdleConns, t.MaxIdleConnsPerHost = cfg.idleConns()
	p.configure(t, cfg)
	return t, nil
}

// protocols returns a copy of Protocols, or the default.
func (c *TransportConfig) protocols() http.Protocols {
	if c.Protocols != nil {
		return *c.Protocols
	}
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	return p
}

// idleConns returns the limits in the words of net/http, where 0 is no limit for all
// and a negative number for a host would turn keeping off.
func (c *TransportConfig) idleConns() (all, host int) {
	all, host = c.MaxIdleConns, c.MaxIdleConnsPerHost
	switch {
	case all == 0:
		all = DefaultMaxIdleConns
	case all < 0:
		all = 0
	}
	switch {
	case host == 0 && all > 0:
		host = min(all, DefaultMaxIdleConnsPerHost)
	case host == 0:
		host = DefaultMaxIdleConnsPerHost
	case host < 0:
		host = math.MaxInt
	}
	return all, host
}

// limit returns what net/http calls no limit for a negative time.
func limit(d, zero time.Duration) time.Duration {
	if d == 0 {
		return zero
	}
	return max(d, 0)
}
