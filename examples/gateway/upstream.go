package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/socketz"
)

// A backend dials one upstream. It is safe for concurrent use.
type backend struct {
	cfg       *Upstream
	address   Address
	stream    dialer.Dialer // with TLS, if the upstream has it
	raw       dialer.Dialer // without
	secure    *tls.Config   // nil: no TLS
	transport roundTripper
	extended  http.RoundTripper // for WebSockets to upstreams over HTTP/3; else nil
	end       io.Closer         // of a transport that has more to close than idle conns; else nil
	echo      *echo             // built-in; nil: none
	sources   sources
	uses      uses
	observe   observer
	note      func(conn any) (forget func())
}

// openUpstream starts the built-in echo server, if it is one, and prepares the
// dialer.
func (g *Gateway) openUpstream(ctx context.Context, u *Upstream) (_ *backend, err error) {
	b := &backend{cfg: u, address: u.Address, observe: g.observe}
	b.note = func(c any) func() {
		return g.shown.add(socketz.Socket{Name: u.Name, Role: socketz.Dialled, Conn: c, Options: u.options()})
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if u.Echo != "" {
		if b.echo, err = newEcho(ctx, u, &g.signer); err != nil {
			return nil, err
		}
		b.address = Address{Network: u.network(), Host: b.echo.address.String()}
	}
	if b.secure, err = g.clientTLS(ctx, u, &b.sources); err != nil {
		return nil, err
	}
	return b, b.prepare()
}

// A roundTripper sends requests over conns that it keeps.
type roundTripper interface {
	http.RoundTripper
	CloseIdleConnections()
}

// prepare makes what dials; it opens nothing.
func (b *backend) prepare() (err error) {
	if b.cfg.Versions.H3 {
		return b.useHTTP3()
	}
	cfg := b.cfg.Dial
	if b.raw, err = dialer.New(&cfg); err != nil {
		return err
	}
	cfg.TLS = b.secure
	if b.stream, err = dialer.New(&cfg); err != nil {
		return err
	}
	b.transport, err = b.newTransport()
	return err
}

// options are what the sockets to the upstream have.
func (u *Upstream) options() sockopt.Options {
	if u.Versions.H3 {
		return u.QUIC.Dial.Options
	}
	return u.Dial.Options
}

// useHTTP3 makes the transport of an upstream over HTTP/3, which dials by itself.
func (b *backend) useHTTP3() error {
	cfg := b.cfg.QUIC
	cfg.Dial.TLS, cfg.DisableCompression = b.secure, true // the body is the client's, not ours
	cfg.Network = b.address.Network
	cfg.Address = func(context.Context, string) string { return b.address.Host }
	t, err := http3x.NewTransport(&cfg)
	if err != nil {
		return err
	}
	b.transport, b.end, b.extended = t, t, http3x.NewExtendedTransport(t)
	return nil
}

// newTransport returns a transport that always dials this upstream. The scheme
// of the request decides about TLS, so that https never leaves in clear text.
func (b *backend) newTransport() (*http.Transport, error) {
	cfg := &httpx.TransportConfig{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return b.dial(ctx, b.raw, nil)
		},
		TLS:                    b.secure,
		TLSHandshakeTimeout:    b.cfg.Dial.HandshakeTimeout,
		ResponseHeaderTimeout:  -1, // see patient
		Protocols:              b.cfg.Versions.protocols(),
		DisableCompression:     true, // the body is the client's, not ours
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
	if b.cfg.Dial.ProxyProtocol != 0 {
		// A PROXY header speaks for all that its conn carries, so then each request
		// has a conn of its own.
		cfg.DisableKeepAlives, cfg.Protocols = true, Versions{H1: true}.protocols()
	} else {
		cfg.MaxIdleConnsPerHost, cfg.IdleConnTimeout = 256, 90*time.Second
	}
	return httpx.NewTransport(cfg)
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
	b.observe.show(RoleUpstream, b.cfg.Name, b.cfg.options(), c)
	b.note(c) // until it is closed
	return c, nil
}

// url returns where requests go. The transport dials the upstream whatever the
// host is; a unix socket has none, so it gets a name that is surely valid.
func (b *backend) url() *url.URL {
	u := &url.URL{Scheme: "http", Host: b.address.Host}
	if b.secure != nil {
		u.Scheme = "https"
	}
	if b.address.Network == "unix" {
		u.Host = "localhost"
	}
	return u
}

// closeIdle ends the idle conns.
func (b *backend) closeIdle() {
	if b.transport != nil {
		b.transport.CloseIdleConnections()
	}
}

// close ends the idle conns, and those of HTTP/3 and of a built-in echo with all
// that is in progress. Others end with their requests.
func (b *backend) close() {
	b.closeIdle()
	if b.end != nil {
		b.end.Close()
	}
	if b.echo != nil {
		b.echo.close()
	}
	b.sources.close()
}
