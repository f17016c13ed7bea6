package netspec

import (
	"context"
	"net"

	"github.com/strata-net/strata/listener/udpsession"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// UDPSessionConfig converts and checks the description of a listener for UDP; nil
// is an error. The message is neither changed nor kept. It does not use its context,
// which all mappers have.
func UDPSessionConfig(_ context.Context, m *specv1.UDPSessionConfig) (*udpsession.Config, error) {
	if m == nil {
		return nil, &spec.Error{Err: errNoListener}
	}
	var p build.Problems
	cfg := &udpsession.Config{
		Address:              m.GetAddress(),
		Options:              options(&p, m),
		Allow:                p.Prefixes("allow", m.GetAllow()),
		Deny:                 p.Prefixes("deny", m.GetDeny()),
		MaxSessions:          int(m.GetMaxSessions()),
		OnFull:               small[udpsession.OnFull](&p, "on_full", m.OnFull),
		MaxSessionsPerSource: int(m.GetMaxSessionsPerSource()),
		SourceBits4:          int(m.GetSourceBits4()),
		SourceBits6:          int(m.GetSourceBits6()),
		IdleTimeout:          p.Duration("idle_timeout", m.GetIdleTimeout()),
		MaxAge:               p.Duration("max_age", m.GetMaxAge()),
		Queue:                int(m.GetQueue()),
		QueueBytes:           build.Int[int](&p, "queue_bytes", m.QueueBytes),
		MaxBytes:             build.Int[int](&p, "max_bytes", m.MaxBytes),
		Backlog:              int(m.GetBacklog()),
	}
	check(&p, cfg.Check(), m)
	return finish(&p, cfg)
}

// NewUDPListenerFromSpec returns the listener that the message describes, a
// [*udpsession.Listener]; nil is an error. Nothing is opened unless all of the
// message is valid.
func NewUDPListenerFromSpec(m *specv1.UDPSessionConfig) (net.Listener, error) {
	ctx := context.Background()
	cfg, err := UDPSessionConfig(ctx, m)
	if err != nil {
		return nil, err
	}
	return udpsession.Listen(ctx, cfg)
}
