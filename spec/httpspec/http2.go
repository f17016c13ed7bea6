package httpspec

import (
	"context"
	"net/http"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// HTTP2Transport makes a round tripper that speaks HTTP/2 and nothing else. nil is
// the defaults of httpx.NewHTTP2Transport: https only, the system's CAs, a limit
// for every phase. A tls.reload is an error: [HTTP2Config] is for that.
func HTTP2Transport(m *specv1.HTTP2TransportConfig) (http.RoundTripper, error) {
	cfg, err := build.Bound(context.Background(), func(ctx context.Context) (*httpx.HTTP2Config, error) {
		var p build.Problems
		p.NoReload(m, "httpspec.HTTP2Config")
		return checkedHTTP2(ctx, &p, m)
	})
	if err != nil {
		return nil, err
	}
	return httpx.NewHTTP2Transport(cfg)
}

// HTTP2Config returns the config for [httpx.NewHTTP2Transport]; nil is the zero
// one. No message has another Dialer than that of dial.
func HTTP2Config(ctx context.Context, m *specv1.HTTP2TransportConfig) (*httpx.HTTP2Config, error) {
	return build.Bound(ctx, func(ctx context.Context) (*httpx.HTTP2Config, error) {
		return checkedHTTP2(ctx, &build.Problems{}, m)
	})
}

func checkedHTTP2(ctx context.Context, p *build.Problems, m *specv1.HTTP2TransportConfig) (*httpx.HTTP2Config, error) {
	if m == nil {
		return &httpx.HTTP2Config{}, nil
	}
	cfg := http2Config(ctx, p, m)
	_, err := httpx.NewHTTP2Transport(cfg) // opens nothing
	p.Module(err, names, blame)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

func http2Config(ctx context.Context, p *build.Problems, m *specv1.HTTP2TransportConfig) *httpx.HTTP2Config {
	return &httpx.HTTP2Config{
		Dialer:                        newDialer(ctx, p, m.GetDial(), errScheme),
		TLS:                           newTLS(ctx, p, "tls", m.GetTls()),
		DialTimeout:                   p.Duration("dial_timeout", m.GetDialTimeout()),
		TLSHandshakeTimeout:           p.Duration("tls_handshake_timeout", m.GetTlsHandshakeTimeout()),
		ResponseHeaderTimeout:         p.Duration("response_header_timeout", m.GetResponseHeaderTimeout()),
		ExpectContinueTimeout:         p.Duration("expect_continue_timeout", m.GetExpectContinueTimeout()),
		IdleConnTimeout:               p.Duration("idle_conn_timeout", m.GetIdleConnTimeout()),
		DisableCompression:            m.GetDisableCompression(),
		AllowHTTP:                     m.GetAllowHttp(),
		MaxHeaderListSize:             m.GetMaxHeaderListBytes(),
		MaxReadFrameSize:              build.Int[int](p, "max_read_frame_bytes", m.MaxReadFrameBytes),
		MaxDecoderHeaderTableSize:     build.Int[int](p, "max_decoder_header_table_bytes", m.MaxDecoderHeaderTableBytes),
		MaxEncoderHeaderTableSize:     build.Int[int](p, "max_encoder_header_table_bytes", m.MaxEncoderHeaderTableBytes),
		MaxReceiveBufferPerStream:     build.Int[int](p, "max_receive_buffer_per_stream_bytes", m.MaxReceiveBufferPerStreamBytes),
		MaxReceiveBufferPerConnection: build.Int[int](p, "max_receive_buffer_per_connection_bytes", m.MaxReceiveBufferPerConnectionBytes),
		StrictMaxConcurrentStreams:    m.GetStrictMaxConcurrentStreams(),
		ReadIdleTimeout:               p.Duration("read_idle_timeout", m.GetReadIdleTimeout()),
		PingTimeout:                   p.Duration("ping_timeout", m.GetPingTimeout()),
		WriteByteTimeout:              p.Duration("write_byte_timeout", m.GetWriteByteTimeout()),
	}
}
