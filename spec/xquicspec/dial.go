package xquicspec

import (
	"context"

	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// DialConfig returns the config of a message. Certificates follow their files, if
// tls.reload is set, until ctx ends. nil is an error, as is a message without tls:
// QUIC has no conns without TLS and the name of a protocol.
//
// Only Go can hold Resolver and QUIC.QLogLogger.
func DialConfig(ctx context.Context, m *specv1.XQUICDialConfig) (*xquic.DialConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*xquic.DialConfig, error) {
		return checkedDial(ctx, &build.Problems{}, m)
	})
}

// NewDialerFromSpec returns a client of a message. It opens no socket and resolves
// nothing. tls.reload is an error: who wants it gives a context to [DialConfig].
func NewDialerFromSpec(m *specv1.XQUICDialConfig) (*xquic.Client, error) {
	c, err := build.Bound(context.Background(), func(ctx context.Context) (*xquic.DialConfig, error) {
		var p build.Problems
		p.NoReload(m, "xquicspec.DialConfig")
		return checkedDial(ctx, &p, m)
	})
	if err != nil {
		return nil, err
	}
	return xquic.NewDialer(c)
}

func checkedDial(ctx context.Context, p *build.Problems, m *specv1.XQUICDialConfig) (*xquic.DialConfig, error) {
	c := dialConfig(ctx, p, m)
	rules(m).Check(p, c.Check())
	return c, p.Err()
}

// dialConfig converts the message, which may be nil.
func dialConfig(ctx context.Context, p *build.Problems, m *specv1.XQUICDialConfig) *xquic.DialConfig {
	return &xquic.DialConfig{
		LocalAddr:     m.GetLocalAddr(),
		Options:       quicbuild.Options(p, m),
		ReceiveBuffer: quicbuild.Int(p, "receive_buffer_bytes", m.GetReceiveBufferBytes()),
		SendBuffer:    quicbuild.Int(p, "send_buffer_bytes", m.GetSendBufferBytes()),
		TLS:           quicbuild.TLS(ctx, p, m.GetTls()),
		QUIC:          nested(p, m.GetQuic()),
		Timeout:       p.Duration("timeout", m.GetTimeout()),
	}
}
