package quicspec

import (
	"context"
	"errors"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// ListenConfig returns the config of a message. Certificates follow their files, if
// tls.reload is set, until ctx ends. nil is an error.
//
// Only Go can hold Conn, OnEvent, QLog.Open and QLog.OnError.
func ListenConfig(ctx context.Context, m *specv1.QUICListenConfig) (*quicx.ListenConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*quicx.ListenConfig, error) {
		return checkedListen(ctx, &build.Problems{}, m)
	})
}

// NewListenerFromSpec opens the listener of a message. tls.reload is an error: who
// wants it gives a context to [ListenConfig].
func NewListenerFromSpec(m *specv1.QUICListenConfig) (*quicx.Listener, error) {
	c, err := build.Bound(context.Background(), func(ctx context.Context) (*quicx.ListenConfig, error) {
		var p build.Problems
		p.NoReload(m, "quicspec.ListenConfig")
		return checkedListen(ctx, &p, m)
	})
	if err != nil {
		return nil, err
	}
	return quicx.NewListener(context.Background(), c)
}

func checkedListen(ctx context.Context, p *build.Problems, m *specv1.QUICListenConfig) (*quicx.ListenConfig, error) {
	if m == nil {
		return nil, &spec.Error{Err: errors.New("a listener needs a message with address and tls, not nil")}
	}
	c := listenConfig(ctx, p, m)
	if c.Address == "" {
		p.Add("address", nil, errors.New("required"))
	}
	rules("", m).Check(p, c.Check())
	return c, p.Err()
}

// policies are those of quicx, by the schema's value.
var policies = map[specv1.QUICListenConfig_Retry]quicx.RetryPolicy{
	specv1.QUICListenConfig_under_load: quicx.RetryUnderLoad,
	specv1.QUICListenConfig_never:      quicx.RetryNever,
	specv1.QUICListenConfig_always:     quicx.RetryAlways,
}

// listenConfig converts the message, which may be nil.
func listenConfig(ctx context.Context, p *build.Problems, m *specv1.QUICListenConfig) *quicx.ListenConfig {
	return &quicx.ListenConfig{
		Address:           m.GetAddress(),
		Options:           quicbuild.Options(p, m),
		ReceiveBuffer:     quicbuild.Int(p, "receive_buffer_bytes", m.GetReceiveBufferBytes()),
		SendBuffer:        quicbuild.Int(p, "send_buffer_bytes", m.GetSendBufferBytes()),
		TLS:               quicbuild.TLS(ctx, p, m.GetTls()),
		QUIC:              nested(p, m.GetQuic()),
		QLog:              qlog(p, m.GetQlog()),
		Allow:             p.Prefixes("allow", m.GetAllow()),
		Deny:              p.Prefixes("deny", m.GetDeny()),
		MaxConns:          int(m.GetMaxConns()),
		MaxConnsPerSource: int(m.GetMaxConnsPerSource()),
		SourceBits4:       int(m.GetSourceBits4()),
		SourceBits6:       int(m.GetSourceBits6()),
		MaxHandshakes:     int(m.GetMaxHandshakes()),
		HandshakeTimeout:  p.Duration("handshake_timeout", m.GetHandshakeTimeout()),
		Retry:             retry(p, m.GetRetry()),
		RetryAbove:        int(m.GetRetryAbove()),
		StatelessResetKey: quicbuild.Key(p, "stateless_reset_key", m.GetStatelessResetKey()),
		TokenKey:          quicbuild.Key(p, "token_key", m.GetTokenKey()),
		MaxTokenAge:       p.Duration("max_token_age", m.GetMaxTokenAge()),
		Shards:            int(m.GetShards()),
		Early:             m.GetEarly(),
		CloseCode:         quic.ApplicationErrorCode(quicbuild.Unsigned(p, "close_code", m.GetCloseCode())),
	}
}

// retry finds the policy. A number without a name can come with a binary message.
func retry(p *build.Problems, v specv1.QUICListenConfig_Retry) quicx.RetryPolicy {
	policy, ok := policies[v]
	if !ok {
		p.Add("retry", int32(v), errors.New("is none of under_load, never, always"))
	}
	return policy
}
