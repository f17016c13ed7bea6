package httpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// keyOf says what conns a request needs.
func (p *Pool) keyOf(req *http.Request) (poolKey, error) {
	if req.URL == nil {
		return poolKey{}, badRequest(errors.New("its URL is nil"))
	}
	k := poolKey{scheme: req.URL.Scheme, name: req.URL.Hostname(), port: req.URL.Port()}
	switch {
	case k.scheme == "https":
		k.http1 = p.http1 != nil && wantsWebSocket(req.Header)
	case k.scheme != "http":
		return k, badRequest(fmt.Errorf("scheme %q is neither http nor https", k.scheme))
	}
	if k.name == "" {
		return k, badRequest(errors.New("no host in its URL"))
	}
	if ps := p.both.Protocols; ps != nil {
		if err := allowed(k.scheme, *ps); err != nil {
			return k, err
		}
	}
	for i := range len(k.name) {
		if k.name[i] >= 0x80 {
			return k, badRequest(fmt.Errorf("host %q is not ASCII: use its form with xn--", k.name))
		}
	}
	name, _, _ := strings.Cut(k.name, "%")
	k.name = strings.ToLower(name) + k.name[len(name):] // a zone is the name of an interface
	switch {
	case k.port != "":
	case k.scheme == "https":
		k.port = "443"
	default:
		k.port = "80"
	}
	return k, nil
}

func badRequest(err error) error { return &Error{Op: "round trip", Field: "request", Err: err} }

// wantsWebSocket reports whether only HTTP/1 can serve the request.
func wantsWebSocket(h http.Header) bool {
	if len(h["Upgrade"]) == 0 || !strings.EqualFold(h["Upgrade"][0], "websocket") {
		return false
	}
	for _, line := range h["Connection"] {
		for token := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}

func (k poolKey) address() string { return net.JoinHostPort(k.name, k.port) }

// transports makes the copies of Config.Transport that conns are made with.
func (p *Pool) transports() {
	base := p.cfg.Transport
	// A dialer of one's own makes net/http leave out HTTP/2 unless it is told not to.
	http2 := base.ForceAttemptHTTP2 || base.DialContext == nil && base.TLSClientConfig == nil
	p.both = base.Clone()
	p.both.ForceAttemptHTTP2 = http2
	// These are for conns that the transport keeps. A limit for a host would even make net/http panic when one of ours
	// is closed, which it has not counted.
	p.both.IdleConnTimeout, p.both.MaxIdleConns, p.both.MaxIdleConnsPerHost, p.both.MaxConnsPerHost = 0, 0, 0, 0
	dial := base.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	p.both.DialContext = pinned(dial)
	p.both.Proxy = noProxy(base.Proxy)
	if base.Protocols == nil || base.Protocols.HTTP1() {
		p.http1 = p.both.Clone()
		p.http1.ForceAttemptHTTP2 = false
		p.http1.HTTP2 = nil
		p.http1.TLSNextProto = nil
		p.http1.Protocols = new(http.Protocols)
		p.http1.Protocols.SetHTTP1(true)
		if p.http1.TLSClientConfig != nil {
			p.http1.TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
	}
}

// A poolPin travels through net/http to our own dialer.
type poolPin struct {
	to   netip.AddrPort
	conn net.Conn
}

type poolPinKey struct{}

// pinned dials the address that the pool has chosen, whatever net/http asks for,
// or the name if there is no other address.
func pinned(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		pin, _ := ctx.Value(poolPinKey{}).(*poolPin)
		if pin == nil {
			return nil, &Error{Op: "dial", Err: errors.New("not asked for by the pool")}
		}
		if pin.to.IsValid() {
			address = pin.to.String()
		}
		conn, err := dial(ctx, network, address)
		pin.conn = conn
		return conn, err
	}
}

// noProxy makes a dial fail that a proxy would have to do.
func noProxy(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if choose == nil {
		return nil
	}
	return func(req *http.Request) (*url.URL, error) {
		u, err := choose(req)
		if err == nil && u != nil {
			err = &Error{Op: "dial", Field: "Transport.Proxy", Value: u.Redacted(), Err: errPoolProxy}
		}
		return nil, err
	}
}

var errPoolProxy = fmt.Errorf("a pool connects to the addresses itself: %w", errors.ErrUnsupported)
