package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/strata-net/strata/dialer"
)

// A backend dials one upstream. It is safe for concurrent use.
type backend struct {
	cfg       *Upstream
	address   Address
	stream    dialer.Dialer // with TLS, if the upstream has it
	raw       dialer.Dialer // without
	transport *http.Transport
	observe   observer
}

// newBackend prepares to dial u at address; it opens nothing.
func newBackend(u *Upstream, address Address, observe observer) (*backend, error) {
	b := &backend{cfg: u, address: address, observe: observe}
	cfg := u.Dial
	cfg.Options = u.Options.List
	var err error
	if b.raw, err = dialer.New(&cfg); err != nil {
		return nil, err
	}
	cfg.TLS = u.tlsConfig()
	if b.stream, err = dialer.New(&cfg); err != nil {
		return nil, err
	}
	b.transport = b.newTransport()
	return b, nil
}

// tlsConfig returns what a TLS dial of u verifies; nil without TLS.
func (u *Upstream) tlsConfig() *tls.Config {
	if u.TLS == nil {
		return nil
	}
	name := u.TLS.ServerName
	if name == "" {
		name = u.Address.hostname()
	}
	return &tls.Config{RootCAs: u.TLS.Roots, ServerName: name, MinVersion: tls.VersionTLS12}
}

// newTransport returns a transport that always dials this upstream. The scheme
// of the request decides about TLS, so that https never leaves in clear text.
func (b *backend) newTransport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	// A PROXY header speaks for all that its conn carries, so then each request
	// has a conn of its own.
	alone := b.cfg.Dial.ProxyProtocol != 0
	protocols.SetHTTP2(b.cfg.TLS != nil && !alone)
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return b.dial(ctx, b.raw, nil)
		},
		TLSClientConfig:        b.cfg.tlsConfig(),
		TLSHandshakeTimeout:    b.cfg.Dial.HandshakeTimeout,
		Protocols:              &protocols,
		DisableKeepAlives:      alone,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second},
		DisableCompression:     true, // the body is the client's, not ours
		MaxIdleConns:           0,    // bounded by MaxIdleConnsPerHost: there is one host
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

// announce returns a context for dials on behalf of a client's conn: what
// send_proxy_protocol tells the upstream. Only TCP has addresses to tell.
func announce(ctx context.Context, client net.Conn) context.Context {
	source, ok1 := client.RemoteAddr().(*net.TCPAddr)
	destination, ok2 := client.LocalAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return ctx
	}
	return dialer.WithProxyHeader(ctx, dialer.ProxyHeader{Source: source, Destination: destination})
}

// dialStream dials the upstream for a TCP session and sends the first bytes:
// with the SYN, where there is TCP Fast Open.
func (b *backend) dialStream(ctx context.Context, first []byte) (net.Conn, error) {
	return b.dial(ctx, b.stream, first)
}

func (b *backend) dial(ctx context.Context, d dialer.Dialer, first []byte) (net.Conn, error) {
	c, err := dialer.DialData(ctx, d, b.address.Network, b.address.Host, first)
	if err != nil {
		return nil, err
	}
	b.observe.show(RoleUpstream, b.cfg.Name, b.cfg.Options.List, c)
	return c, nil
}

// url returns where requests go. The transport dials the upstream whatever the
// host is; a unix socket has none, so it gets a name that is surely valid.
func (b *backend) url() *url.URL {
	u := &url.URL{Scheme: "http", Host: b.address.Host}
	if b.cfg.TLS != nil {
		u.Scheme = "https"
	}
	if b.address.Network == "unix" {
		u.Host = "localhost"
	}
	return u
}

// close ends the idle conns. Those in use end with their requests.
func (b *backend) close() { b.transport.CloseIdleConnections() }
