package httpspec_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/httpx"
	_ "github.com/strata-net/strata/httpx/extconnect" // for extended_connect
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Messages that have tests of their own.
var (
	foreignNet = []proto.Message{&specv1.DialConfig{}, &specv1.TLSConfig{}}
	dialSample = &specv1.DialConfig{Timeout: seconds(3)}
	tlsSample  = &specv1.TLSConfig{ServerName: new("a.test")}
)

// mapped is a mapper in the form of spectest.
func mapped[M proto.Message, C any](mapper func(context.Context, M) (C, error)) func(proto.Message) (any, error) {
	return func(m proto.Message) (any, error) { return mapper(context.Background(), m.(M)) }
}

func TestEveryFieldOfTransports(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.HTTPTransportConfig{} },
		Map: mapped(httpspec.TransportConfig),
		Samples: map[string]any{
			"dial":                       dialSample,
			"tls":                        tlsSample,
			"http2.max_read_frame_bytes": 1 << 20,
			"http2.max_receive_buffer_per_connection_bytes": 1 << 20,
			"proxy_url":            "socks5://127.0.0.1:1080",
			"proxy_tls":            tlsSample,
			"proxy_connect_header": map[string]string{"A": "b"},
		},
		Needs: map[string]proto.Message{
			"no_proxy":             &specv1.HTTPTransportConfig{ProxyUrl: new("http://proxy.test")},
			"proxy_tls":            &specv1.HTTPTransportConfig{ProxyUrl: new("https://proxy.test")},
			"proxy_connect_header": &specv1.HTTPTransportConfig{ProxyUrl: new("http://proxy.test")},
		},
		Foreign: foreignNet,
	})
}

func TestEveryFieldOfHTTP2Transports(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.HTTP2TransportConfig{} },
		Map: mapped(httpspec.HTTP2Config),
		Samples: map[string]any{
			"dial":                 dialSample,
			"tls":                  tlsSample,
			"max_read_frame_bytes": 1 << 20,
			"max_receive_buffer_per_connection_bytes": 1 << 20,
		},
		Foreign: foreignNet,
	})
}

func TestEveryFieldOfServers(t *testing.T) {
	server, _ := identities(t)
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.HTTPServerConfig{} },
		Map: func(m proto.Message) (any, error) {
			cfg, listeners, err := httpspec.ServerConfig(t.Context(), m.(*specv1.HTTPServerConfig))
			return struct {
				server    *httpx.ServerConfig
				listeners []*listener.Config
			}{cfg, listeners}, err
		},
		Samples: map[string]any{
			"listeners":                  &specv1.ListenConfig{Address: new("127.0.0.1:0")},
			"tls":                        server,
			"http2.max_read_frame_bytes": 1 << 20,
			"http2.max_receive_buffer_per_connection_bytes": 1 << 20,
		},
		Foreign: []proto.Message{&specv1.ListenConfig{}, &specv1.TLSConfig{}},
	})
}

func TestEveryFieldOfPools(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.HTTPPoolConfig{} },
		Map: mapped(httpspec.PoolConfig),
		Samples: map[string]any{
			"transport": &specv1.HTTPTransportConfig{IdleConnTimeout: seconds(3)},
			"network":   "ip6",
		},
		Foreign: []proto.Message{&specv1.HTTPTransportConfig{}},
	})
}

func TestEveryFieldOfRoundTrippers(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New:     func() proto.Message { return &specv1.HTTPRetryConfig{} },
		Map:     mapped(httpspec.RetryConfig),
		Samples: map[string]any{"statuses.codes": 500},
	})
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.HTTPHedgeConfig{} },
		Map: mapped(httpspec.HedgeConfig),
	})
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.HTTPEjectorConfig{} },
		Map: mapped(httpspec.EjectorConfig),
		Samples: map[string]any{
			"targets": "https://a.test:8443", "ratio": 0.25, "max_share": 0.25,
		},
	})
	spectest.EveryField(t, &spectest.Case{
		New:     func() proto.Message { return &specv1.HTTPAltSvcConfig{} },
		Map:     mapped(httpspec.AltSvcConfig),
		Samples: map[string]any{"max_broken": 2 * time.Hour},
	})
}

func TestEveryFieldOfHandlers(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.HTTPReverseProxyConfig{} },
		Map: mapped(httpspec.ReverseProxyConfig),
		Samples: map[string]any{
			"target":             "http://a.test/b",
			"transport":          &specv1.HTTPTransportConfig{IdleConnTimeout: seconds(3)},
			"forwarding.trusted": "10.0.0.0/8",
		},
		Foreign: []proto.Message{&specv1.HTTPTransportConfig{}},
	})
	spectest.EveryField(t, &spectest.Case{
		New:     func() proto.Message { return &specv1.HTTPConnectConfig{} },
		Map:     mapped(httpspec.ConnectConfig),
		Samples: map[string]any{"dial": dialSample},
		Foreign: []proto.Message{&specv1.DialConfig{}},
	})
}
