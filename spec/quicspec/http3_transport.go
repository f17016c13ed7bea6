package quicspec

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// HTTP3Config returns the config of a message. Certificates follow their files, if
// dial.tls.reload is set, until ctx ends. nil is the zero config, which is usable:
// servers are verified with the system's CAs.
//
// Only Go can hold Address and Logger, and what [DialConfig] says.
func HTTP3Config(ctx context.Context, m *specv1.HTTP3TransportConfig) (*http3x.Config, error) {
	return build.Bound(ctx, func(ctx context.Context) (*http3x.Config, error) {
		return checkedTransport(ctx, &build.Problems{}, m)
	})
}

// HTTP3Transport returns the transport of a message, which opens its sockets with
// its first request. nil is the default, see [HTTP3Config]. dial.tls.reload is an
// error: who wants it gives a context to HTTP3Config.
func HTTP3Transport(m *specv1.HTTP3TransportConfig) (*http3.Transport, error) {
	c, err := build.Bound(context.Background(), func(ctx context.Context) (*http3x.Config, error) {
		var p build.Problems
		p.NoReload(m, "quicspec.HTTP3Config")
		return checkedTransport(ctx, &p, m)
	})
	if err != nil {
		return nil, err
	}
	return http3x.NewTransport(c)
}

func checkedTransport(ctx context.Context, p *build.Problems, m *specv1.HTTP3TransportConfig) (*http3x.Config, error) {
	if m == nil {
		return &http3x.Config{}, nil
	}
	var dial build.Problems
	c := &http3x.Config{
		Dial:                   *dialConfig(ctx, &dial, m.GetDial()),
		Network:                m.GetNetwork(),
		Early:                  m.GetEarly(),
		DisableCompression:     m.GetDisableCompression(),
		EnableDatagrams:        m.GetEnableDatagrams(),
		MaxResponseHeaderBytes: quicbuild.Int(p, "max_response_header_bytes", m.GetMaxResponseHeaderBytes()),
		AdditionalSettings:     maps.Clone(m.GetAdditionalSettings()),
	}
	onlyH3(&dial, m.GetDial().GetTls())
	p.Nest("dial", dial.Err())
	rules("Dial", m.GetDial()).Check(p, c.Check())
	return c, p.Err()
}

// onlyH3 refuses protocols that would be replaced in silence.
func onlyH3(p *build.Problems, m *specv1.TLSConfig) {
	if names := m.GetAlpn(); len(names) > 0 && !slices.Equal(names, []string{http3.NextProtoH3}) {
		p.Add("tls.alpn", names, errors.New("HTTP/3 has h3 and nothing else: leave it out"))
	}
}
