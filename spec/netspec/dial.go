package netspec

import (
	"context"
	"slices"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// DialConfig converts and checks the description of a dialer; nil is the zero
// config, which dials as Go does by itself. What tls.reload asks for, that of
// proxies too, goes on until ctx ends. The message is neither changed nor kept.
func DialConfig(ctx context.Context, m *specv1.DialConfig) (*dialer.Config, error) {
	return build.Bound(ctx, func(ctx context.Context) (*dialer.Config, error) {
		var p build.Problems
		return finish(&p, dial(ctx, &p, m))
	})
}

// NewDialerFromSpec returns the dialer that the message describes, a default one
// for nil. A dialer has no end, so that tls.reload is an error: for that there are
// DialConfig, which has a context, and dialer.New.
func NewDialerFromSpec(m *specv1.DialConfig) (dialer.Dialer, error) {
	cfg, err := build.Bound(context.Background(), func(ctx context.Context) (*dialer.Config, error) {
		var p build.Problems
		p.NoReload(m, "netspec.DialConfig")
		return finish(&p, dial(ctx, &p, m))
	})
	if err != nil {
		return nil, err
	}
	return dialer.New(cfg)
}

// dial notes all that is wrong.
func dial(ctx context.Context, p *build.Problems, m *specv1.DialConfig) *dialer.Config {
	if m == nil {
		return &dialer.Config{}
	}
	cfg := &dialer.Config{
		LocalAddr:            m.GetLocalAddr(),
		LocalAddrs:           slices.Clone(m.GetLocalAddrs()),
		LocalPolicy:          small[dialer.LocalPolicy](p, "local_policy", m.LocalPolicy),
		LocalPorts:           ports(p, "local_ports", m.LocalPorts),
		Interface:            m.GetInterface(),
		Netns:                m.GetNetns(),
		Timeout:              p.Duration("timeout", m.GetTimeout()),
		AddressTimeout:       p.Duration("address_timeout", m.GetAddressTimeout()),
		HandshakeTimeout:     p.Duration("handshake_timeout", m.GetHandshakeTimeout()),
		FallbackDelay:        p.Duration("fallback_delay", m.GetFallbackDelay()),
		Family:               small[dialer.Family](p, "family", m.Family),
		Multipath:            small[sockopt.Multipath](p, "multipath", m.Multipath),
		Options:              options(p, m),
		TLS:                  clientTLS(ctx, p, "tls", m.GetTls()),
		Rewrites:             rewrites(p, m.GetRewrites()),
		Proxies:              proxies(ctx, p, m.GetProxies()),
		ProxyFromEnvironment: m.GetProxyFromEnvironment(),
		ProxyProtocol:        int(m.GetProxyProtocol()),
	}
	cfg.KeepAlive = keepAlive(p, m.GetKeepAlive(), &cfg.Options)
	check(p, cfg.Check(), m)
	return cfg
}
