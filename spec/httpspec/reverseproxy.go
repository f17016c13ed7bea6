package httpspec

import (
	"context"
	"net/http"
	"net/url"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// ReverseProxyConfig returns the config for [httpx.NewReverseProxy]; nil is one
// with all defaults. Without a target Route, which it needs then, is for the
// caller to set. No message has its ExtendedTransport, Connect and funcs. The
// transport is the caller's, who closes its idle conns.
func ReverseProxyConfig(ctx context.Context, m *specv1.HTTPReverseProxyConfig) (*httpx.ReverseProxyConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*httpx.ReverseProxyConfig, error) {
		var p build.Problems
		cfg := reverseProxyConfig(ctx, &p, m)
		if m.GetTarget() == "" {
			cfg.Route = func(*http.Request) (*url.URL, error) { return &url.URL{}, nil } // for the check alone
		}
		if _, err := checked(&p, cfg); err != nil {
			return nil, err
		}
		cfg.Route = nil
		return cfg, nil
	})
}

func reverseProxyConfig(ctx context.Context, p *build.Problems, m *specv1.HTTPReverseProxyConfig) *httpx.ReverseProxyConfig {
	cfg := &httpx.ReverseProxyConfig{
		Target:            target(p, m.GetTarget()),
		RewriteHost:       m.GetRewriteHost(),
		Forwarding:        forwarding(p, m.GetForwarding()),
		Via:               m.GetVia(),
		Upgrades:          upgrades(m.GetUpgrades()),
		TunnelIdleTimeout: p.Duration("tunnel_idle_timeout", m.GetTunnelIdleTimeout()),
		ExtendedConnect:   m.GetExtendedConnect(),
	}
	if t := nested(ctx, p, m.GetTransport()); t != nil {
		cfg.Transport = t
	}
	return cfg
}

func forwarding(p *build.Problems, m *specv1.HTTPForwarding) httpx.Forwarding {
	if m == nil {
		return httpx.Forwarding{}
	}
	return httpx.Forwarding{
		Trusted: p.Prefixes("forwarding.trusted", m.GetTrusted()),
		Mode:    build.Number[httpx.ForwardedMode](p, "forwarding.mode", m.Mode),
	}
}

func target(p *build.Problems, s string) *url.URL {
	if s == "" {
		return nil
	}
	u, err := parseURL(s)
	p.Add("target", nil, err)
	return u
}

// upgrades returns nil for nil, and else a list, that may be empty.
func upgrades(m *specv1.HTTPReverseProxyConfig_Upgrades) []string {
	if m == nil {
		return nil
	}
	return append([]string{}, m.GetProtocols()...)
}
