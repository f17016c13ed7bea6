package httpspec

import (
	"context"
	"net/http"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// AltSvcConfig returns the config for [httpx.NewAltSvc]; nil is one with all
// defaults. HTTP3, which it needs, is for the caller to set.
func AltSvcConfig(_ context.Context, m *specv1.HTTPAltSvcConfig) (*httpx.AltSvcConfig, error) {
	if m == nil {
		m = &specv1.HTTPAltSvcConfig{}
	}
	var p build.Problems
	cfg := &httpx.AltSvcConfig{
		HTTP3:            http.DefaultTransport, // for the check alone
		DialsAlternative: m.GetDialsAlternative(),
		HeadStart:        p.Duration("head_start", m.GetHeadStart()),
		Broken:           p.Duration("broken", m.GetBroken()),
		MaxBroken:        p.Duration("max_broken", m.GetMaxBroken()),
		MaxAge:           p.Duration("max_age", m.GetMaxAge()),
		MaxOrigins:       build.Int[int](&p, "max_origins", m.MaxOrigins),
	}
	if _, err := checked(&p, cfg); err != nil {
		return nil, err
	}
	cfg.HTTP3 = nil
	return cfg, nil
}
