package httpspec

import (
	"context"
	"errors"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var errTunnel = errors.New("the client speaks TLS through the tunnel by itself")

// ConnectConfig returns the config for [httpx.NewConnect]; nil is the zero one. No
// message has its Allow, without which no target is allowed, and its OnError.
func ConnectConfig(ctx context.Context, m *specv1.HTTPConnectConfig) (*httpx.ConnectConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*httpx.ConnectConfig, error) {
		var p build.Problems
		cfg := &httpx.ConnectConfig{
			Dialer:      newDialer(ctx, &p, m.GetDial(), errTunnel),
			DialTimeout: p.Duration("dial_timeout", m.GetDialTimeout()),
			IdleTimeout: p.Duration("idle_timeout", m.GetIdleTimeout()),
		}
		return checked(&p, cfg)
	})
}
