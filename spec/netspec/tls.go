package netspec

import (
	"context"
	"crypto/tls"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
)

// clientTLS returns nil for nil.
func clientTLS(ctx context.Context, p *build.Problems, path string, m *specv1.TLSConfig) *tls.Config {
	if m == nil {
		return nil
	}
	c, err := tlsspec.Open(ctx, m)
	p.Nest(path, err)
	return c
}

// serverTLS wants a certificate too: one that follows files has a callback in its
// place, which hides from the listener that there is none.
func serverTLS(ctx context.Context, p *build.Problems, path string, m *specv1.TLSConfig) *tls.Config {
	if m != nil && len(m.GetCertificates()) == 0 {
		p.Addf(path+".certificates", nil, "required for a listener")
	}
	return clientTLS(ctx, p, path, m)
}
