package httpspec

import (
	"context"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// PoolConfig returns the config for [httpx.NewPool]; nil is the zero one. No
// message has its Lookup.
func PoolConfig(ctx context.Context, m *specv1.HTTPPoolConfig) (*httpx.PoolConfig, error) {
	if m == nil {
		m = &specv1.HTTPPoolConfig{}
	}
	return build.Bound(ctx, func(ctx context.Context) (*httpx.PoolConfig, error) {
		var p build.Problems
		cfg := &httpx.PoolConfig{
			Transport:          nested(ctx, &p, m.GetTransport()),
			Network:            m.GetNetwork(),
			Policy:             build.Number[httpx.PoolPolicy](&p, "policy", m.Policy),
			RefreshInterval:    p.Duration("refresh_interval", m.GetRefreshInterval()),
			MinRefresh:         p.Duration("min_refresh", m.GetMinRefresh()),
			LookupTimeout:      p.Duration("lookup_timeout", m.GetLookupTimeout()),
			DialTimeout:        p.Duration("dial_timeout", m.GetDialTimeout()),
			FallbackDelay:      p.Duration("fallback_delay", m.GetFallbackDelay()),
			MinBackoff:         p.Duration("min_backoff", m.GetMinBackoff()),
			MaxBackoff:         p.Duration("max_backoff", m.GetMaxBackoff()),
			MaxIdle:            p.Duration("max_idle", m.GetMaxIdle()),
			MaxHosts:           build.Int[int](&p, "max_hosts", m.MaxHosts),
			MaxAddresses:       build.Int[int](&p, "max_addresses", m.MaxAddresses),
			MaxConnsPerAddress: build.Int[int](&p, "max_conns_per_address", m.MaxConnsPerAddress),
			MaxAttempts:        build.Int[int](&p, "max_attempts", m.MaxAttempts),
		}
		return checked(&p, cfg)
	})
}

// checked returns cfg if nothing is wrong with it.
func checked[T interface{ Check() error }](p *build.Problems, cfg T) (T, error) {
	p.Module(cfg.Check(), names, blame)
	if err := p.Err(); err != nil {
		return *new(T), err
	}
	return cfg, nil
}
