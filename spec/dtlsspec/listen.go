package dtlsspec

import (
	"context"
	"errors"
	"net"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var errNoListener = errors.New("there is no message: a listener needs address, and a certificate or psk in dtls")

// ListenConfig converts and checks the description of a listener; nil is an error.
// What dtls.tls.reload asks for goes on until ctx ends. The message is neither
// changed nor kept.
func ListenConfig(ctx context.Context, m *specv1.DTLSListenConfig) (*dtlsx.ListenConfig, error) {
	if m == nil {
		return nil, &spec.Error{Err: errNoListener}
	}
	return build.Bound(ctx, func(ctx context.Context) (*dtlsx.ListenConfig, error) {
		b := &builder{ctx: ctx, side: server}
		return finish(b, b.listen(m))
	})
}

// NewListenerFromSpec returns the listener that the message describes, a
// [*Listener]; nil is an error. Nothing is opened unless all of the message is
// valid. Close and Shutdown end what dtls.tls.reload asks for.
func NewListenerFromSpec(m *specv1.DTLSListenConfig) (net.Listener, error) {
	ctx, stop := build.Until(context.Background())
	cfg, err := ListenConfig(ctx, m)
	if err != nil {
		stop()
		return nil, err
	}
	l, err := dtlsx.NewListener(ctx, cfg)
	if err != nil {
		stop()
		return nil, err
	}
	return &Listener{Listener: l.(*dtlsx.Listener), stop: stop}, nil
}

// Listener is a *dtlsx.Listener whose end is also that of following files: when
// Close or Shutdown has returned nobody looks at them any more.
type Listener struct {
	*dtlsx.Listener

	stop func()
}

// Close closes the listener as that of dtlsx does.
func (l *Listener) Close() error {
	defer l.stop()
	return l.Listener.Close()
}

// Shutdown ends the listener as that of dtlsx does.
func (l *Listener) Shutdown(ctx context.Context) error {
	defer l.stop()
	return l.Listener.Shutdown(ctx)
}

// listen notes all that is wrong.
func (b *builder) listen(m *specv1.DTLSListenConfig) *dtlsx.ListenConfig {
	cfg := &dtlsx.ListenConfig{
		Address:           m.GetAddress(),
		Config:            b.protocol(m.GetDtls()),
		Options:           b.options(m),
		MaxHandshakes:     int(m.GetMaxHandshakes()),
		Allow:             b.Prefixes("allow", m.GetAllow()),
		Deny:              b.Prefixes("deny", m.GetDeny()),
		MaxConnsPerSource: int(m.GetMaxConnsPerSource()),
		SourceBits4:       int(m.GetSourceBits4()),
		SourceBits6:       int(m.GetSourceBits6()),
		MaxConns:          int(m.GetMaxConns()),
		IdleTimeout:       b.Duration("idle_timeout", m.GetIdleTimeout()),
	}
	cfg.ReceiveQueue = int(m.GetReceiveQueue())
	b.accuse(cfg.Check(), m)
	return cfg
}
