package xquicspec

import (
	"context"
	"errors"

	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// ListenConfig returns the config of a message. Certificates follow their files, if
// tls.reload is set, until ctx ends. nil is an error.
//
// Only Go can hold QUIC.QLogLogger.
func ListenConfig(ctx context.Context, m *specv1.XQUICListenConfig) (*xquic.ListenConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*xquic.ListenConfig, error) {
		return checkedListen(ctx, &build.Problems{}, m)
	})
}

// NewListenerFromSpec opens the listener of a message. tls.reload is an error: who
// wants it gives a context to [ListenConfig].
func NewListenerFromSpec(m *specv1.XQUICListenConfig) (*xquic.Listener, error) {
	c, err := build.Bound(context.Background(), func(ctx context.Context) (*xquic.ListenConfig, error) {
		var p build.Problems
		p.NoReload(m, "xquicspec.ListenConfig")
		return checkedListen(ctx, &p, m)
	})
	if err != nil {
		return nil, err
	}
	return xquic.NewListener(context.Background(), c)
}

func checkedListen(ctx context.Context, p *build.Problems, m *specv1.XQUICListenConfig) (*xquic.ListenConfig, error) {
	if m == nil {
		return nil, &spec.Error{Err: errors.New("a listener needs a message with address and tls, not nil")}
	}
	c := listenConfig(ctx, p, m)
	rules(m).Check(p, c.Check())
	return c, p.Err()
}

// listenConfig converts the message.
func listenConfig(ctx context.Context, p *build.Problems, m *specv1.XQUICListenConfig) *xquic.ListenConfig {
	return &xquic.ListenConfig{
		Address:           m.GetAddress(),
		Options:           quicbuild.Options(p, m),
		ReceiveBuffer:     quicbuild.Int(p, "receive_buffer_bytes", m.GetReceiveBufferBytes()),
		SendBuffer:        quicbuild.Int(p, "send_buffer_bytes", m.GetSendBufferBytes()),
		TLS:               quicbuild.TLS(ctx, p, m.GetTls()),
		QUIC:              nested(p, m.GetQuic()),
		Allow:             p.Prefixes("allow", m.GetAllow()),
		Deny:              p.Prefixes("deny", m.GetDeny()),
		MaxConns:          int(m.GetMaxConns()),
		MaxConnsPerSource: int(m.GetMaxConnsPerSource()),
		SourceBits4:       int(m.GetSourceBits4()),
		SourceBits6:       int(m.GetSourceBits6()),
		Backlog:           int(m.GetBacklog()),
	}
}
