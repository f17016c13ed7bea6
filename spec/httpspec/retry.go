package httpspec

import (
	"context"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// RetryConfig returns the config for [httpx.NewRetry]; nil is the zero one.
func RetryConfig(_ context.Context, m *specv1.HTTPRetryConfig) (*httpx.RetryConfig, error) {
	if m == nil {
		m = &specv1.HTTPRetryConfig{}
	}
	var p build.Problems
	cfg := &httpx.RetryConfig{
		Attempts:      build.Int[int](&p, "attempts", m.Attempts),
		Statuses:      statuses(m.GetStatuses()),
		Backoff:       p.Duration("backoff", m.GetBackoff()),
		MaxBackoff:    p.Duration("max_backoff", m.GetMaxBackoff()),
		MaxRetryAfter: p.Duration("max_retry_after", m.GetMaxRetryAfter()),
		TryTimeout:    p.Duration("try_timeout", m.GetTryTimeout()),
		MaxBody:       m.GetMaxBodyBytes(),
		Budget:        budget(&p, m.GetBudget()),
	}
	return checked(&p, cfg)
}

// statuses returns nil for nil, and else a list, that may be empty.
func statuses(m *specv1.HTTPRetryConfig_Statuses) []int {
	if m == nil {
		return nil
	}
	list := []int{}
	for _, code := range m.GetCodes() {
		list = append(list, int(code))
	}
	return list
}

func budget(p *build.Problems, m *specv1.HTTPBudget) httpx.Budget {
	if m == nil {
		return httpx.Budget{}
	}
	return httpx.Budget{
		Ratio:     m.GetRatio(),
		PerSecond: m.GetPerSecond(),
		Burst:     build.Int[int](p, "budget.burst", m.Burst),
	}
}
