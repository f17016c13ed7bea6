package dtlsspec

import (
	"context"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// DialConfig converts and checks the description of a dialer. nil, like a message
// without dtls.tls and dtls.psk, is a client that verifies servers with the
// system's CAs. What dtls.tls.reload asks for goes on until ctx ends. The message is
// neither changed nor kept.
func DialConfig(ctx context.Context, m *specv1.DTLSDialConfig) (*dtlsx.DialConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*dtlsx.DialConfig, error) {
		b := &builder{ctx: ctx, side: client}
		return finish(b, b.dial(m))
	})
}

// NewDialerFromSpec returns the dialer that the message describes, a default one
// for nil, as DialConfig says. A dialer has no end, so that dtls.tls.reload is an
// error: for that there are DialConfig, which has a context, and dtlsx.NewDialer.
func NewDialerFromSpec(m *specv1.DTLSDialConfig) (dtlsx.Dialer, error) {
	b := &builder{ctx: context.Background(), side: client}
	b.NoReload(m, "dtlsspec.DialConfig")
	cfg, err := finish(b, b.dial(m))
	if err != nil {
		return nil, err
	}
	return dtlsx.NewDialer(cfg)
}

// dial notes all that is wrong.
func (b *builder) dial(m *specv1.DTLSDialConfig) *dtlsx.DialConfig {
	cfg := &dtlsx.DialConfig{
		Config:        b.protocol(m.GetDtls()),
		LocalAddr:     m.GetLocalAddr(),
		Options:       b.options(m),
		Timeout:       b.Duration("timeout", m.GetTimeout()),
		FallbackDelay: b.Duration("fallback_delay", m.GetFallbackDelay()),
	}
	b.accuse(cfg.Check(), m)
	return cfg
}
