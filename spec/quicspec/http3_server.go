package quicspec

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// HTTP3ServerConfig returns the config of a message. Certificates follow their
// files, if listen.tls.reload is set, until ctx ends. nil is an error.
// listen.address may be missing: ListenAndServe alone needs it.
//
// Only Go can hold Handler, ConnContext and OnError, and what [ListenConfig] says.
func HTTP3ServerConfig(ctx context.Context, m *specv1.HTTP3ServerConfig) (*http3x.ServerConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*http3x.ServerConfig, error) {
		return checkedServer(ctx, &build.Problems{}, m)
	})
}

// NewHTTP3ServerFromSpec returns the server of a message for a handler, which opens
// nothing before ListenAndServe or Serve. The handler may be nil if SetHandler
// follows. listen.tls.reload is an error: who wants it gives a context to
// [HTTP3ServerConfig].
func NewHTTP3ServerFromSpec(m *specv1.HTTP3ServerConfig, h http.Handler) (*http3x.Server, error) {
	c, err := build.Bound(context.Background(), func(ctx context.Context) (*http3x.ServerConfig, error) {
		var p build.Problems
		p.NoReload(m, "quicspec.HTTP3ServerConfig")
		return checkedServer(ctx, &p, m)
	})
	if err != nil {
		return nil, err
	}
	c.Handler = h
	return http3x.NewServer(c)
}

func checkedServer(ctx context.Context, p *build.Problems, m *specv1.HTTP3ServerConfig) (*http3x.ServerConfig, error) {
	if m == nil {
		return nil, &spec.Error{Err: errors.New("a server needs a message with listen.tls, not nil")}
	}
	var listen build.Problems
	c := &http3x.ServerConfig{
		Listen:             *listenConfig(ctx, &listen, m.GetListen()),
		EnableDatagrams:    m.GetEnableDatagrams(),
		AdditionalSettings: maps.Clone(m.GetAdditionalSettings()),
		MaxHeaderBytes:     quicbuild.Int(p, "max_header_bytes", m.GetMaxHeaderBytes()),
		IdleTimeout:        p.Duration("idle_timeout", m.GetIdleTimeout()),
		StallTimeout:       p.Duration("stall_timeout", m.GetStallTimeout()),
		StreamTimeout:      p.Duration("stream_timeout", m.GetStreamTimeout()),
	}
	onlyH3(&listen, m.GetListen().GetTls())
	p.Nest("listen", listen.Err())
	rules("Listen", m.GetListen()).Check(p, c.Check())
	return c, p.Err()
}
