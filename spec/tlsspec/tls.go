package tlsspec

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

var errReload = errors.New("a *tls.Config follows no files: want tlsspec.NewSource, or no reload")

// TLSConfig reads what m names and returns a config for a client or a server. nil
// and an empty message are a client that verifies servers with the system's CAs.
// With reload it is an error: that needs [NewSource].
func TLSConfig(m *specv1.TLSConfig) (*tls.Config, error) {
	var p build.Problems
	if m.GetReload() != nil {
		p.Add("reload", nil, errReload)
	}
	cfg := checked(&p, m)
	if p.Err() != nil {
		return nil, refused(&p, cfg)
	}
	t, err := tlsx.New(cfg)
	if err != nil {
		return nil, problems(err)
	}
	return t, nil
}

// refused returns what is wrong with a config, and what is wrong with the files of
// it too: they are read without what has nothing to do with them. What tlsx says of
// the fields in without is left out.
func refused(p *build.Problems, c *tlsx.Config, without ...string) error {
	own := *c
	own.MinVersion, own.MaxVersion, own.CipherSuites, own.Curves = 0, 0, nil, nil
	own.ALPN, own.Sessions, own.Reload = nil, 0, tlsx.Reload{}
	_, err := tlsx.New(&own)
	var all []error
	for _, err := range build.Flatten(err) {
		if e, ok := build.Is[*tlsx.Error](err); !ok || !slices.Contains(without, e.Field) {
			all = append(all, err)
		}
	}
	p.Module(errors.Join(all...), fields, blame)
	return p.Err()
}

// unfetch takes out what a source fetches, which tlsx.New refuses, and returns the
// fields in which tlsx.New then misses it.
func unfetch(c *tlsx.Config) (fields []string) {
	for i := range c.Certificates {
		o := &c.Certificates[i].OCSP
		if !o.Fetch {
			continue
		}
		o.Fetch = false
		if o.Response.IsZero() {
			o.Issuer = tlsx.Data{}
		}
		fields = append(fields, fmt.Sprintf("Certificates[%d].OCSP", i))
	}
	return fields
}

// NewSource reads what m names, as TLSConfig does, and follows it until ctx ends
// or Close. Without reload it looks at all files once a minute, beside watching
// them.
func NewSource(ctx context.Context, m *specv1.TLSConfig) (*tlsx.Source, error) {
	var p build.Problems
	cfg := checked(&p, m)
	if p.Err() != nil {
		fetched := unfetch(cfg)
		return nil, refused(&p, cfg, fetched...)
	}
	s, err := tlsx.NewSource(ctx, cfg)
	if err != nil {
		return nil, problems(err)
	}
	return s, nil
}

// Open is TLSConfig, and with reload the config of a source that follows the
// files until ctx ends: the one that [tlsx.Source.Config] returns, with its limit
// for clients whose roots are in files and that dial IP addresses. After a failure
// nothing is left running.
func Open(ctx context.Context, m *specv1.TLSConfig) (*tls.Config, error) {
	if m.GetReload() == nil {
		return TLSConfig(m)
	}
	s, err := NewSource(ctx, m)
	if err != nil {
		return nil, err
	}
	build.Follows(ctx, s)
	return s.Config(), nil
}
