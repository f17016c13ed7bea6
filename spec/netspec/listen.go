package netspec

import (
	"context"
	"errors"
	"net"
	"slices"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var errNoListener = errors.New("there is no message: a listener needs an address")

// ListenConfig converts and checks the description of a listener; nil is an error.
// Sockets of fd:// and systemd:// need not be there yet. What tls.reload asks for
// goes on until ctx ends. The message is neither changed nor kept.
func ListenConfig(ctx context.Context, m *specv1.ListenConfig) (*listener.Config, error) {
	if m == nil {
		return nil, &spec.Error{Err: errNoListener}
	}
	return build.Bound(ctx, func(ctx context.Context) (*listener.Config, error) {
		var p build.Problems
		return finish(&p, listen(ctx, &p, m))
	})
}

// NewListenerFromSpec returns the listener that the message describes, a
// [listener.Listener]; nil is an error. With tls.reload it is a [*Listener]. Nothing
// is opened unless all of the message is valid.
func NewListenerFromSpec(m *specv1.ListenConfig) (net.Listener, error) {
	ctx, stop := build.Until(context.Background())
	l, err := open(ctx, m)
	if err != nil {
		stop()
		return nil, err
	}
	if m.GetTls().GetReload() == nil {
		stop()
		return l, nil
	}
	return &Listener{Listener: l.(listener.Listener), stop: stop}, nil
}

func open(ctx context.Context, m *specv1.ListenConfig) (net.Listener, error) {
	cfg, err := ListenConfig(ctx, m)
	if err != nil {
		return nil, err
	}
	return listener.New(ctx, cfg)
}

// Listener is one whose end is also that of following the files of its TLS: when
// Close or Shutdown has returned nobody looks at them any more.
// Functions of package listener that want a listener of that package, such as
// listener.Multipath, take the one inside.
type Listener struct {
	listener.Listener

	stop func()
}

// Close closes the listener as that of package listener does.
func (l *Listener) Close() error {
	defer l.stop()
	return l.Listener.Close()
}

// Shutdown ends the listener as that of package listener does.
func (l *Listener) Shutdown(ctx context.Context) error {
	defer l.stop()
	return l.Listener.Shutdown(ctx)
}

// listen notes all that is wrong.
func listen(ctx context.Context, p *build.Problems, m *specv1.ListenConfig) *listener.Config {
	cfg := &listener.Config{
		Address:           m.GetAddress(),
		Addresses:         slices.Clone(m.GetAddresses()),
		UnixMode:          mode(p, "unix_mode", m.UnixMode),
		UnixOwner:         owner(p, "unix_owner", m.GetUnixOwner()),
		Shards:            int(m.GetShards()),
		SteerByCPU:        m.GetSteerByCpu(),
		TLS:               serverTLS(ctx, p, "tls", m.GetTls()),
		Options:           options(p, m),
		Multipath:         small[sockopt.Multipath](p, "multipath", m.Multipath),
		HandshakeTimeout:  p.Duration("handshake_timeout", m.GetHandshakeTimeout()),
		MaxHandshakes:     int(m.GetMaxHandshakes()),
		Allow:             p.Prefixes("allow", m.GetAllow()),
		Deny:              p.Prefixes("deny", m.GetDeny()),
		MaxConnsPerSource: int(m.GetMaxConnsPerSource()),
		SourceBits4:       int(m.GetSourceBits4()),
		SourceBits6:       int(m.GetSourceBits6()),
		AcceptRate:        m.GetAcceptRate(),
		AcceptBurst:       int(m.GetAcceptBurst()),
		MaxConns:          int(m.GetMaxConns()),
		OverLimit:         build.Number[listener.OverLimit](p, "over_limit", m.OverLimit),
		ProxyProtocol:     proxyProtocol(p, m.GetProxyProtocol()),
		IdleTimeout:       p.Duration("idle_timeout", m.GetIdleTimeout()),
		MaxAge:            p.Duration("max_age", m.GetMaxAge()),
		MinReceiveRate:    build.Int[int](p, "min_receive_bytes_per_second", m.MinReceiveBytesPerSecond),
		MinReceiveGrace:   p.Duration("min_receive_grace", m.GetMinReceiveGrace()),
		Track:             m.GetTrack(),
	}
	cfg.KeepAlive = keepAlive(p, m.GetKeepAlive(), &cfg.Options)
	check(p, cfg.Check(), m)
	return cfg
}

// proxyProtocol maps what a listener reads first; nil stays nil.
func proxyProtocol(p *build.Problems, m *specv1.ListenConfig_ProxyProtocol) *listener.ProxyProtocol {
	const at = "proxy_protocol."
	if m == nil {
		return nil
	}
	return &listener.ProxyProtocol{
		Trusted:       p.Prefixes(at+"trusted", m.GetTrusted()),
		Untrusted:     build.Number[listener.Untrusted](p, at+"untrusted", m.Untrusted),
		Allow:         p.Prefixes(at+"allow", m.GetAllow()),
		HeaderTimeout: p.Duration(at+"header_timeout", m.GetHeaderTimeout()),
		MaxHeader:     build.Int[int](p, at+"max_header_bytes", m.MaxHeaderBytes),
	}
}
