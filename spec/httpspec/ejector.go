package httpspec

import (
	"context"
	"fmt"
	"net/url"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// EjectorConfig returns the config for [httpx.NewEjector]; nil is the zero one. No
// message has its Key and Failed.
func EjectorConfig(_ context.Context, m *specv1.HTTPEjectorConfig) (*httpx.EjectorConfig, error) {
	if m == nil {
		m = &specv1.HTTPEjectorConfig{}
	}
	var p build.Problems
	cfg := &httpx.EjectorConfig{
		Targets:      targets(&p, m.GetTargets()),
		Consecutive:  build.Int[int](&p, "consecutive", m.Consecutive),
		Ratio:        m.GetRatio(),
		Minimum:      build.Int[int](&p, "minimum", m.Minimum),
		Window:       p.Duration("window", m.GetWindow()),
		For:          p.Duration("for", m.GetFor()),
		MaxFor:       p.Duration("max_for", m.GetMaxFor()),
		MaxShare:     m.GetMaxShare(),
		MaxUpstreams: build.Int[int](&p, "max_upstreams", m.MaxUpstreams),
	}
	return checked(&p, cfg)
}

func targets(p *build.Problems, list []string) []*url.URL {
	var urls []*url.URL
	for i, s := range list {
		u, err := parseURL(s)
		p.Add(fmt.Sprintf("targets[%d]", i), nil, err)
		urls = append(urls, u)
	}
	return urls
}
