package httpspec

import (
	"context"
	"net/http"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// HTTPTransport makes a transport of HTTP/1.1 and HTTP/2. nil is the defaults of
// httpx.NewTransport: both versions, the system's CAs, no proxy, a limit for every
// phase. A tls.reload is an error: [TransportConfig] is for that.
func HTTPTransport(m *specv1.HTTPTransportConfig) (*http.Transport, error) {
	cfg, err := build.Bound(context.Background(), func(ctx context.Context) (*httpx.TransportConfig, error) {
		var p build.Problems
		p.NoReload(m, "httpspec.TransportConfig")
		return checkedTransport(ctx, &p, m)
	})
	if err != nil {
		return nil, err
	}
	return httpx.NewTransport(cfg)
}

// TransportConfig returns the config for [httpx.NewTransport]; nil is the zero
// one. No message has its funcs: ProxyFunc, GetProxyConnectHeader,
// OnProxyConnectResponse, nor another Dialer than that of dial.
func TransportConfig(ctx context.Context, m *specv1.HTTPTransportConfig) (*httpx.TransportConfig, error) {
	return build.Bound(ctx, func(ctx context.Context) (*httpx.TransportConfig, error) {
		return checkedTransport(ctx, &build.Problems{}, m)
	})
}

func checkedTransport(ctx context.Context, p *build.Problems, m *specv1.HTTPTransportConfig) (*httpx.TransportConfig, error) {
	if m == nil {
		return &httpx.TransportConfig{}, nil
	}
	cfg := transportConfig(ctx, p, m)
	_, err := httpx.NewTransport(cfg) // opens nothing
	p.Module(err, names, blame)
	checkConnectHeader(p, m.GetProxyConnectHeader())
	if err := p.Err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

func transportConfig(ctx context.Context, p *build.Problems, m *specv1.HTTPTransportConfig) *httpx.TransportConfig {
	return &httpx.TransportConfig{
		Dialer:                 newDialer(ctx, p, m.GetDial(), errScheme),
		TLS:                    newTLS(ctx, p, "tls", m.GetTls()),
		Protocols:              protocols(p, m.GetProtocols()),
		HTTP2:                  clientSettings(p, m.GetHttp2()),
		DialTimeout:            p.Duration("dial_timeout", m.GetDialTimeout()),
		TLSHandshakeTimeout:    p.Duration("tls_handshake_timeout", m.GetTlsHandshakeTimeout()),
		ResponseHeaderTimeout:  p.Duration("response_header_timeout", m.GetResponseHeaderTimeout()),
		ExpectContinueTimeout:  p.Duration("expect_continue_timeout", m.GetExpectContinueTimeout()),
		IdleConnTimeout:        p.Duration("idle_conn_timeout", m.GetIdleConnTimeout()),
		MaxIdleConns:           build.Int[int](p, "max_idle_conns", m.MaxIdleConns),
		MaxIdleConnsPerHost:    build.Int[int](p, "max_idle_conns_per_host", m.MaxIdleConnsPerHost),
		MaxConnsPerHost:        build.Int[int](p, "max_conns_per_host", m.MaxConnsPerHost),
		MaxResponseHeaderBytes: m.GetMaxResponseHeaderBytes(),
		ReadBufferSize:         build.Int[int](p, "read_buffer_bytes", m.ReadBufferBytes),
		WriteBufferSize:        build.Int[int](p, "write_buffer_bytes", m.WriteBufferBytes),
		DisableKeepAlives:      m.GetDisableKeepAlives(),
		DisableCompression:     m.GetDisableCompression(),
		ProxyURL:               proxyURL(p, m.GetProxyUrl()),
		NoProxy:                m.GetNoProxy(),
		ProxyFromEnvironment:   m.GetProxyFromEnvironment(),
		ProxyTLS:               newTLS(ctx, p, "proxy_tls", m.GetProxyTls()),
		ProxyConnectHeader:     connectHeader(m.GetProxyConnectHeader()),
	}
}

// nested makes the transport inside of another message; nil stays nil.
func nested(ctx context.Context, p *build.Problems, m *specv1.HTTPTransportConfig) *http.Transport {
	if m == nil {
		return nil
	}
	cfg, err := TransportConfig(ctx, m)
	if err != nil {
		p.Nest("transport", err)
		return nil
	}
	t, err := httpx.NewTransport(cfg)
	p.Nest("transport", err)
	return t
}
