package quicspec

import (
	"context"
	"fmt"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Bounds of the tokens that are kept.
const (
	maxTokenOrigins    = 1 << 20
	maxTokensPerOrigin = 1 << 10
)

// DialConfig returns the config of a message. Certificates follow their files, if
// tls.reload is set, until ctx ends. nil is an error, as is a message without tls:
// QUIC has no conns without TLS and the name of a protocol.
//
// Only Go can hold Resolver, Tokens of another kind, QLog.Open and QLog.OnError.
func DialConfig(ctx context.Context, m *specv1.QUICDialConfig) (*quicx.DialConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*quicx.DialConfig, error) {
		return checkedDial(ctx, &build.Problems{}, m)
	})
}

// NewDialerFromSpec returns a client of a message. It opens no socket and resolves
// nothing. tls.reload is an error: who wants it gives a context to [DialConfig].
func NewDialerFromSpec(m *specv1.QUICDialConfig) (*quicx.Client, error) {
	c, err := build.Bound(context.Background(), func(ctx context.Context) (*quicx.DialConfig, error) {
		var p build.Problems
		p.NoReload(m, "quicspec.DialConfig")
		return checkedDial(ctx, &p, m)
	})
	if err != nil {
		return nil, err
	}
	return quicx.NewDialer(c)
}

func checkedDial(ctx context.Context, p *build.Problems, m *specv1.QUICDialConfig) (*quicx.DialConfig, error) {
	c := dialConfig(ctx, p, m)
	rules("", m).Check(p, c.Check())
	return c, p.Err()
}

// dialConfig converts the message, which may be nil.
func dialConfig(ctx context.Context, p *build.Problems, m *specv1.QUICDialConfig) *quicx.DialConfig {
	if m == nil {
		m = &specv1.QUICDialConfig{}
	}
	return &quicx.DialConfig{
		LocalAddr:     m.GetLocalAddr(),
		Options:       quicbuild.Options(p, m),
		ReceiveBuffer: quicbuild.Int(p, "receive_buffer_bytes", m.GetReceiveBufferBytes()),
		SendBuffer:    quicbuild.Int(p, "send_buffer_bytes", m.GetSendBufferBytes()),
		TLS:           quicbuild.TLS(ctx, p, m.GetTls()),
		QUIC:          nested(p, m.GetQuic()),
		Timeout:       p.Duration("timeout", m.GetTimeout()),
		FallbackDelay: p.Duration("fallback_delay", m.GetFallbackDelay()),
		QLog:          qlog(p, m.GetQlog()),
		Tokens:        tokens(p, m),
	}
}

// tokens makes the store, nil for that of quicx.
func tokens(p *build.Problems, m *specv1.QUICDialConfig) quic.TokenStore {
	if m.TokenOrigins == nil && m.TokensPerOrigin == nil {
		return nil
	}
	origins := count(p, "token_origins", m.TokenOrigins, quicx.DefaultTokenOrigins, maxTokenOrigins)
	each := count(p, "tokens_per_origin", m.TokensPerOrigin, quicx.DefaultTokensPerOrigin, maxTokensPerOrigin)
	return quic.NewLRUTokenStore(origins, each)
}

func count(p *build.Problems, path string, v *int32, unset, most int) int {
	switch {
	case v == nil:
		return unset
	case *v < 1 || int(*v) > most:
		p.Add(path, *v, fmt.Errorf("must be from 1 to %d", most))
		return unset
	}
	return int(*v)
}
