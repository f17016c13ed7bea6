package connectudp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx/http3x"
)

// DialConfig describes a [Dialer]. NewDialer copies it.
type DialConfig struct {
	// Proxy is a URI template with https, a host, and the variables target_host
	// and target_port in its path or query:
	// "https://proxy.example/udp/{target_host}/{target_port}/". What has no path
	// gets that of DefaultTemplate. It must be set.
	Proxy string
	// Transport says how the proxy is dialled, see [http3x.NewExtendedDialer]. It
	// should have EnableDatagrams; without, payloads go in the stream. It must be
	// set.
	Transport *http3.Transport
	// Header goes with each request: Proxy-Authorization, say.
	Header http.Header
	// IdleTimeout is how long the conn to the proxy is kept when nothing goes
	// through it. 0 means http3x.DefaultExtendedIdleTimeout. Negative is an error.
	IdleTimeout time.Duration
}

// Dialer dials UDP through a proxy, which resolves names. It is safe for
// concurrent use.
type Dialer struct {
	template  template
	header    http.Header
	datagrams bool // this side has them
	streams   *http3x.ExtendedDialer
}

// NewDialer returns a dialer, which must be closed. It dials nothing by itself.
func NewDialer(cfg *DialConfig) (*Dialer, error) {
	if cfg == nil {
		cfg = &DialConfig{}
	}
	d := &Dialer{header: cfg.Header.Clone()}
	t, err := parseProxy(cfg.Proxy)
	if err != nil {
		err = proxyError(cfg.Proxy, err)
	}
	d.template = t
	streams, streamErr := http3x.NewExtendedDialer(cfg.Transport, cfg.IdleTimeout)
	if err := errors.Join(err, streamErr); err != nil {
		return nil, err
	}
	d.streams, d.datagrams = streams, cfg.Transport.EnableDatagrams
	return d, nil
}

// proxyError shows nothing of what may have a password, which url.Parse quotes.
func proxyError(s string, err error) error {
	if strings.Contains(s, "@") {
		s = ""
		if _, quotes := errors.AsType[*url.Error](err); quotes {
			err = errors.New("is not the template of a URL")
		}
	}
	return &http3x.Error{Op: "config", Field: "Proxy", Value: s, Err: err}
}

func parseProxy(s string) (template, error) {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		return nil, errors.New("must begin with https://")
	}
	if !strings.Contains(rest, "/") {
		s += DefaultTemplate
	}
	host, _, _ := strings.Cut(rest, "/")
	if host == "" || strings.ContainsAny(host, "{}?#@") {
		return nil, errors.New("must have a host, and no user or variable in it")
	}
	t, err := parseTemplate(s)
	if err != nil {
		return nil, err
	}
	_, err = url.Parse(t.expand("h", "1"))
	return t, err
}

// Dial is DialContext with the background context.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext opens a session with a target, and returns a [*Conn]. The network
// is "udp", or "udp4" or "udp6" for an address of that version, as names are
// resolved by the proxy. A refusal of the proxy is a [*RefusedError].
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, &http3x.Error{Op: "dial connect-udp", Address: address, Err: err}
	}
	return c, nil
}

func (d *Dialer) dial(ctx context.Context, network, address string) (*Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := joinTarget(host, port); err != nil {
		return nil, err
	}
	remote, err := addrOf(network, host, port)
	if err != nil {
		return nil, err
	}
	r, err := http3x.NewExtendedRequest(ctx, protocol, d.template.expand(host, port))
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, d.header)
	r.Header.Set(capsuleField, "?1")
	c, response, err := d.streams.Dial(r) //nolint:bodyclose // it needs no Close, as Dial says
	switch {
	case response != nil && err != nil:
		return nil, &RefusedError{StatusCode: response.StatusCode, ProxyStatus: response.Header.Get("Proxy-Status"), Err: err}
	case err != nil:
		return nil, err
	}
	return newConn(ctx, c, remote, d.datagrams)
}

// addrOf returns what a conn has for its peer.
func addrOf(network, host, port string) (net.Addr, error) {
	a, _ := netip.ParseAddr(host)
	name := !a.IsValid()
	switch {
	case network != "udp" && network != "udp4" && network != "udp6":
		return nil, net.UnknownNetworkError(network)
	case name && network != "udp":
		return nil, fmt.Errorf("%s: the proxy resolves names, and takes what it finds: %w", network, errors.ErrUnsupported)
	case name:
		return nameAddr(net.JoinHostPort(host, port)), nil
	case network == "udp4" && !a.Unmap().Is4() || network == "udp6" && a.Unmap().Is4():
		return nil, &net.AddrError{Err: "no address of " + network, Addr: host}
	}
	p, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	return net.UDPAddrFromAddrPort(p), err
}

// nameAddr is the address of a target with a name.
type nameAddr string

func (nameAddr) Network() string  { return "udp" }
func (a nameAddr) String() string { return string(a) }

// Close closes the conn to the proxy, with all sessions.
func (d *Dialer) Close() error { return d.streams.Close() }

// RefusedError is a response of the proxy that is not 2xx.
type RefusedError struct {
	// StatusCode is the status of HTTP.
	StatusCode int
	// ProxyStatus is the field Proxy-Status (RFC 9209), the reason in a form for
	// programs; "" if there is none.
	ProxyStatus string
	// Err is the cause.
	Err error
}

// Error returns the message.
func (e *RefusedError) Error() string {
	if e.ProxyStatus == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v (Proxy-Status: %.200q)", e.Err, e.ProxyStatus)
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }
