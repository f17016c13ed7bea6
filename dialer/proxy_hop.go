package dialer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/net/http/httpguts"
)

// A hop is a Proxy that was checked, with all defaults filled in.
type hop struct {
	field     string // of the Config
	name      string // without password
	scheme    string
	address   string   // host:port for package net
	endpoint  endpoint // the same for another proxy; not valid with a zone
	auth      bool
	user      string
	password  string
	tls       *tls.Config // nil but for https
	header    http.Header
	timeout   time.Duration
	maxHeader int
}

func newHop(field string, p Proxy) (*hop, error) {
	if p.URL == nil {
		return nil, errors.New("URL is nil")
	}
	if err := checkProxyURL(p.URL); err != nil {
		return nil, err
	}
	h := &hop{
		field: field, name: p.String(), scheme: p.URL.Scheme,
		address: net.JoinHostPort(p.URL.Hostname(), proxyPort(p.URL)),
		auth:    p.URL.User != nil, user: p.URL.User.Username(),
		header: p.Header.Clone(), timeout: p.Timeout, maxHeader: p.MaxHeader,
	}
	h.password, _ = p.URL.User.Password()
	h.endpoint, _ = newEndpoint("tcp", h.address) // newHops looks whether it is valid where it is needed
	if h.timeout == 0 {
		h.timeout = DefaultProxyTimeout
	}
	if h.maxHeader == 0 {
		h.maxHeader = DefaultProxyHeader
	}
	if h.scheme == "https" {
		h.tls = h.config(p.TLS)
	}
	return h, nil
}

// config is the TLS of the proxy itself. Nothing of the target's is in it.
func (h *hop) config(c *tls.Config) *tls.Config {
	if c == nil {
		c = new(tls.Config)
	}
	c = cloneTLS(c)
	c.NextProtos = []string{"http/1.1"}
	if c.ServerName == "" {
		c.ServerName = serverName(h.address)
	}
	return c
}

// checkProxy reports each bad field but the URL by its own name.
func checkProxy(field string, p Proxy) error {
	if p.URL == nil {
		return nil
	}
	var errs []error
	report := func(name, value string, err error) {
		if err != nil {
			errs = append(errs, &Error{Op: "config", Field: field + "." + name, Value: value, Err: err})
		}
	}
	if p.URL.Scheme != "https" && p.TLS != nil {
		report("TLS", "", errors.New("only https has it"))
	}
	report("Timeout", p.Timeout.String(), notNegative(p.Timeout))
	if p.MaxHeader < 0 {
		report("MaxHeader", strconv.Itoa(p.MaxHeader), errNegative)
	}
	if isSOCKS(p.URL.Scheme) && len(p.Header) > 0 {
		report("Header", "", errors.New("SOCKS has none"))
	}
	for name, values := range p.Header {
		report("Header", "", checkField(name, values, p.URL.User != nil))
	}
	return errors.Join(errs...)
}

// checkField shows no value: it may be a secret.
func checkField(name string, values []string, user bool) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("%q is not a name", name)
	}
	for _, v := range values {
		if !httpguts.ValidHeaderFieldValue(v) {
			return fmt.Errorf("%s has a value with control characters", name)
		}
	}
	switch key := http.CanonicalHeaderKey(name); {
	case key == "Host", key == "Content-Length", key == "Transfer-Encoding":
		return fmt.Errorf("%s cannot be chosen", name)
	case key == "Proxy-Authorization" && user:
		return fmt.Errorf("%s, but the URL has a user", name)
	}
	return nil
}

// errProxyTimeout is the cause of a context that ended at Proxy.Timeout.
var errProxyTimeout = errors.New("Proxy.Timeout")

// A step is what went wrong between a proxy and us.
type step struct {
	name string
	err  error
}

func (s *step) Error() string { return s.name + ": " + s.err.Error() }
func (s *step) Unwrap() error { return s.err }

// in names the step of an error, if there is one.
func in(name string, err error) error {
	if err == nil {
		return nil
	}
	return &step{name: name, err: err}
}

// through asks the proxy at the other end of conn for a conn to the target. It
// closes conn if it fails.
func (h *hop) through(ctx context.Context, conn net.Conn, to endpoint, find lookup) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, h.timeout, errProxyTimeout)
	defer cancel()
	next, err := h.negotiate(ctx, conn, to, find)
	if err == nil {
		return next, nil
	}
	conn.Close()
	if errors.Is(context.Cause(ctx), errProxyTimeout) {
		err = fmt.Errorf("%w (Timeout=%v)", err, h.timeout)
	}
	return nil, err
}

func (h *hop) negotiate(ctx context.Context, conn net.Conn, to endpoint, find lookup) (net.Conn, error) {
	if h.scheme == "socks5" && !to.ip.IsValid() {
		var err error
		if to.ip, err = find(ctx, to.host); err != nil {
			return nil, in("resolve the target", err)
		}
	}
	if h.tls != nil {
		secure := tls.Client(conn, h.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, in("TLS handshake", err)
		}
		conn = secure
	}
	ask := h.connectHTTP
	if isSOCKS(h.scheme) {
		ask = h.connectSOCKS
	}
	return conn, within(ctx, conn, func() error { return ask(conn, to) })
}

// within runs f, whose reads and writes on the conn fail once the context ends.
func within(ctx context.Context, conn net.Conn, f func() error) error {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(aMomentAgo) })
	err := f()
	if stop() && ctx.Err() == nil {
		return err
	}
	// Also if f was quicker: the deadline is set, or will be.
	if s, ok := errors.AsType[*step](err); ok {
		return in(s.name, ctx.Err())
	}
	return ctx.Err()
}
