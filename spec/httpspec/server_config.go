package httpspec

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var errNoServer = errors.New("there is no HTTPServerConfig: a server has no default")

// ServerConfig returns the configs for [httpx.NewServer], and for [listener.New]
// of each of the listeners, whose TLS offers what the server speaks. nil is an
// error. The Handler, which the server needs, is for the caller to set, and HTTP3
// beside an alt_svc. No message has its ConnContext and OnError.
func ServerConfig(ctx context.Context, m *specv1.HTTPServerConfig) (*httpx.ServerConfig, []*listener.Config, error) {
	if m == nil {
		return nil, nil, &spec.Error{Err: errNoServer}
	}
	var listeners []*listener.Config
	cfg, err := build.Bound(ctx, func(ctx context.Context) (*httpx.ServerConfig, error) {
		var p build.Problems
		cfg := serverConfig(ctx, &p, m)
		listeners = listenConfigs(ctx, &p, m.GetListeners(), cfg.Protocols)
		whole := *cfg
		whole.Handler = http.NotFoundHandler()
		whole.HTTP3 = func(http.Handler) httpx.HTTP3Server { return nil } // a check does not call it
		_, err := checked(&p, &whole)
		return cfg, err
	})
	if err != nil {
		return nil, nil, err
	}
	return cfg, listeners, nil
}

var errNoCertificate = errors.New("required for a server")

func serverConfig(ctx context.Context, p *build.Problems, m *specv1.HTTPServerConfig) *httpx.ServerConfig {
	if m.Tls != nil && len(m.GetTls().GetCertificates()) == 0 {
		p.Add("tls.certificates", nil, errNoCertificate)
	}
	return &httpx.ServerConfig{
		TLS:                newTLS(ctx, p, "tls", m.GetTls()),
		Protocols:          protocols(p, m.GetProtocols()),
		HTTP2:              serverSettings(p, m.GetHttp2()),
		AltSvc:             m.GetAltSvc(),
		ReadHeaderTimeout:  p.Duration("read_header_timeout", m.GetReadHeaderTimeout()),
		IdleTimeout:        p.Duration("idle_timeout", m.GetIdleTimeout()),
		StallTimeout:       p.Duration("stall_timeout", m.GetStallTimeout()),
		StreamTimeout:      p.Duration("stream_timeout", m.GetStreamTimeout()),
		MaxHeaderBytes:     build.Int[int](p, "max_header_bytes", m.MaxHeaderBytes),
		MaxRequestsPerConn: build.Int[int](p, "max_requests_per_conn", m.MaxRequestsPerConn),
		DrainTimeout:       p.Duration("drain_timeout", m.GetDrainTimeout()),
	}
}

// listenConfigs maps the listeners of a server.
func listenConfigs(ctx context.Context, p *build.Problems, list []*specv1.ListenConfig, served *http.Protocols) []*listener.Config {
	configs := make([]*listener.Config, len(list))
	for i, m := range list {
		path := fmt.Sprintf("listeners[%d]", i)
		c, err := netspec.ListenConfig(ctx, m)
		p.Nest(path, err)
		if err == nil && c.TLS != nil {
			c.TLS, err = offer(c.TLS, served)
			p.Add(path+".tls", nil, err)
		}
		configs[i] = c
	}
	return configs
}
