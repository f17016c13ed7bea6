package httpspec

import (
	"context"
	"crypto/tls"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
)

var errScheme = errors.New("the scheme of the URL decides on TLS: its config is in the field tls beside dial")

// newDialer makes the dialer of raw conns; nil stays nil. A TLS in it is refused
// with noTLS.
func newDialer(ctx context.Context, p *build.Problems, m *specv1.DialConfig, noTLS error) httpx.Dialer {
	if m == nil {
		return nil
	}
	if m.Tls != nil {
		p.Add("dial.tls", nil, noTLS)
		m = proto.CloneOf(m)
		m.Tls = nil
	}
	cfg, err := netspec.DialConfig(ctx, m)
	if err != nil {
		p.Nest("dial", err)
		return nil
	}
	d, err := dialer.New(cfg)
	if err != nil {
		p.Nest("dial", err)
		return nil
	}
	return d
}

// newTLS makes a config of TLS; nil stays nil.
func newTLS(ctx context.Context, p *build.Problems, path string, m *specv1.TLSConfig) *tls.Config {
	if m == nil {
		return nil
	}
	c, err := tlsspec.Open(ctx, m)
	p.Nest(path, err)
	return c
}
