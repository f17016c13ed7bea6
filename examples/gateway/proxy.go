package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/httpx"
	_ "github.com/strata-net/strata/httpx/extconnect" // lets clients of HTTP/2 and HTTP/3 open WebSockets
)

// newProxy returns what passes a listener's requests on to one upstream.
func newProxy(n *Listener, b *backend) (http.Handler, error) {
	var extended http.RoundTripper
	if b.extended != nil {
		extended = &patient{next: b.extended, patience: b.cfg.ResponseTimeout}
	}
	p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{
		Target:            b.url(),
		Transport:         &patient{next: b.transport, patience: b.cfg.ResponseTimeout},
		Forwarding:        n.HTTP.Forwarding,
		Via:               n.HTTP.Via,
		Upgrades:          n.HTTP.Upgrades,
		TunnelIdleTimeout: n.HTTP.Tunnel,
		ExtendedConnect:   n.Versions.H2 || n.Versions.H2C || n.Protocol == HTTP3,
		ExtendedTransport: extended,
		OnError:           failed,
	})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer b.uses.begin()()
		p.ServeHTTP(w, r)
	}), nil
}

// errTarget says that a CONNECT leads where the configuration does not allow it.
var errTarget = errors.New("connect_to does not allow it")

// newConnect returns what answers CONNECT requests; nil if none is allowed.
func newConnect(n *Listener) (http.Handler, error) {
	if len(n.HTTP.ConnectTo) == 0 {
		return nil, nil //nolint:nilnil // no CONNECT is no error
	}
	d, err := dialer.New(nil)
	if err != nil {
		return nil, err
	}
	return httpx.NewConnect(&httpx.ConnectConfig{
		Allow: func(_ *http.Request, target string) error {
			if slices.ContainsFunc(n.HTTP.ConnectTo, func(t Target) bool { return t.matches(target) }) {
				return nil
			}
			return fmt.Errorf("%s: %w", target, errTarget)
		},
		Dialer:      d,
		IdleTimeout: n.HTTP.Tunnel,
		OnError:     failed,
	})
}

// A Target is where a CONNECT may lead: a host, or all below it, and a port.
type Target struct{ host, port string }

// parseTarget reads "example.com:443" or "*.example.com:443".
func parseTarget(s string) (Target, error) {
	a, err := parseDialAddress("tcp://" + strings.TrimPrefix(s, "*."))
	if err != nil {
		return Target{}, fmt.Errorf("want host:port or *.host:port, got %q", s)
	}
	i := strings.LastIndexByte(a.Host, ':')
	t := Target{
		host: strings.TrimSuffix(strings.ToLower(a.Host[:i]), "."),
		port: strings.TrimLeft(a.Host[i+1:], "0"),
	}
	if strings.HasPrefix(s, "*.") {
		t.host = "*." + t.host
	}
	return t, nil
}

// matches says whether a target of a request, host:port, is a t.
func (t Target) matches(target string) bool {
	i := strings.LastIndexByte(target, ':')
	if i < 0 || target[i+1:] != t.port {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(target[:i]), ".")
	if parent, ok := strings.CutPrefix(t.host, "*"); ok {
		return strings.HasSuffix(host, parent) && len(host) > len(parent)
	}
	return host == t.host
}
