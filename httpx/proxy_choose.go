package httpx

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// A proxies chooses the proxy of each request, and refuses requests that
// Protocols leave out: net/http asks it before it dials.
type proxies struct {
	find      func(*http.Request) (*url.URL, error) // nil for none
	field     string                                // of the config, for errors
	protocols http.Protocols
	tls       *tls.Config // for https proxies
	mark      string
}

func newProxies(c *TransportConfig) (*proxies, error) {
	p := &proxies{protocols: c.protocols(), mark: "%tls-" + rand.Text()}
	p.tls = cloneTLS(c.ProxyTLS)
	p.tls.NextProtos = []string{"http/1.1"}
	switch {
	case c.ProxyURL != nil:
		p.field, p.find = "ProxyURL", fixedProxy(c.ProxyURL, c.NoProxy)
	case c.ProxyFunc != nil:
		p.field, p.find = "ProxyFunc", c.ProxyFunc
	case c.ProxyFromEnvironment:
		e, err := newEnvironment()
		if err != nil {
			return nil, err
		}
		p.field, p.find = "ProxyFromEnvironment", e.choose
	}
	return p, nil
}

// fixedProxy returns one proxy for all but what noProxy lists.
func fixedProxy(u *url.URL, noProxy string) func(*http.Request) (*url.URL, error) {
	u = copyProxy(u)
	if noProxy == "" {
		return http.ProxyURL(u)
	}
	const some = "http://proxy.invalid"
	choose := (&httpproxy.Config{HTTPProxy: some, HTTPSProxy: some, NoProxy: noProxy}).ProxyFunc()
	return func(r *http.Request) (*url.URL, error) {
		if found, err := choose(r.URL); found == nil {
			return nil, err
		}
		return u, nil
	}
}

// choose is the Proxy func of the transport.
func (p *proxies) choose(r *http.Request) (*url.URL, error) {
	scheme := r.URL.Scheme
	if err := allowed(scheme, p.protocols); err != nil {
		return nil, err
	}
	if p.find == nil {
		return nil, nil //nolint:nilnil // no proxy is not an error
	}
	u, err := p.find(r)
	if err != nil || u == nil {
		return nil, err
	}
	if err := checkProxyURL(u); err != nil {
		return nil, &Error{Op: "round trip", Field: p.field, Value: proxyName(u), Err: err}
	}
	if scheme == "http" && !isSOCKS(u.Scheme) && p.protocols.UnencryptedHTTP2() {
		return nil, &Error{Op: "round trip", Field: p.field, Value: proxyName(u), Err: errProxyH2C}
	}
	return p.marked(u), nil
}

var errProxyH2C = fmt.Errorf("a proxy of HTTP cannot carry UnencryptedHTTP2: %w", errors.ErrUnsupported)

// allowed says why a scheme cannot be had.
func allowed(scheme string, p http.Protocols) error {
	switch {
	case p.HTTP1():
		return nil
	case scheme == "http" && !p.UnencryptedHTTP2():
		return &Error{Op: "round trip http", Field: "Protocols", Value: p.String(),
			Err: errors.New("http needs HTTP1 or UnencryptedHTTP2")}
	case scheme == "https" && !p.HTTP2():
		return &Error{Op: "round trip https", Field: "Protocols", Value: p.String(),
			Err: errors.New("https needs HTTP1 or HTTP2")}
	}
	return nil
}

// marked makes of an https proxy an http one whose name tells our dial that it wants TLS. net/http
// would shake hands with the config of the targets: their names, keys and HTTP/2. Nobody else can
// make such a name, because nobody knows the mark.
func (p *proxies) marked(u *url.URL) *url.URL {
	if u.Scheme != "https" {
		return u
	}
	n := copyProxy(u)
	n.Scheme = "http"
	n.Host = net.JoinHostPort(u.Hostname()+p.mark, proxyPort(u))
	return n
}

// unmark returns the address of an https proxy, if it is one.
func (p *proxies) unmark(address string) (string, bool) {
	found := strings.Contains(address, p.mark)
	if found {
		host, port, _ := strings.Cut(address, p.mark)
		address = net.JoinHostPort(strings.TrimPrefix(host, "["), port[strings.LastIndex(port, ":")+1:])
	}
	return address, found
}

// unmarked is what the caller knows as the proxy.
func (p *proxies) unmarked(u *url.URL) *url.URL {
	address, ok := p.unmark(u.Host)
	if !ok {
		return u
	}
	n := copyProxy(u)
	n.Scheme, n.Host = "https", address
	return n
}

// configure hands over what concerns CONNECT.
func (p *proxies) configure(t *http.Transport, c *TransportConfig) {
	t.ProxyConnectHeader = c.ProxyConnectHeader.Clone()
	if f := c.GetProxyConnectHeader; f != nil {
		t.GetProxyConnectHeader = func(ctx context.Context, proxy *url.URL, target string) (http.Header, error) {
			h, err := f(ctx, p.unmarked(proxy), target)
			return h.Clone(), err
		}
	}
	if f := c.OnProxyConnectResponse; f != nil {
		t.OnProxyConnectResponse = func(ctx context.Context, proxy *url.URL, req *http.Request, res *http.Response) error {
			return f(ctx, p.unmarked(proxy), req, res)
		}
	}
}
