package httpspec

import (
	"context"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// HedgeConfig returns the config for [httpx.NewHedge]; nil is the zero one. No
// message has its Good.
func HedgeConfig(_ context.Context, m *specv1.HTTPHedgeConfig) (*httpx.HedgeConfig, error) {
	if m == nil {
		m = &specv1.HTTPHedgeConfig{}
	}
	var p build.Problems
	cfg := &httpx.HedgeConfig{
		Delay:    p.Duration("delay", m.GetDelay()),
		Attempts: build.Int[int](&p, "attempts", m.Attempts),
		Budget:   budget(&p, m.GetBudget()),
	}
	return checked(&p, cfg)
}
