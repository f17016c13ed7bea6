package tlsspec

import (
	"context"
	"crypto/tls"
	"errors"

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
// it too: they are read without what has nothing to do with them.
func refused(p *build.Problems, c *tlsx.Config) error {
	own := *c
	own.MinVersion, own.MaxVersion, own.CipherSuites, own.Curves = 0, 0, nil, nil
	own.ALPN, own.Sessions, own.Reload = nil, 0, tlsx.Reload{}
	_, err := tlsx.New(&own)
	p.Module(err, fields, blame)
	return p.Err()
}

// NewSource reads what m names, as TLSConfig does, and follows it until ctx ends
// or Close. Without reload it looks at all files once a minute, beside watching
// them.
func NewSource(ctx context.Context, m *specv1.TLSConfig) (*tlsx.Source, error) {
	var p build.Problems
	cfg := checked(&p, m)
	if p.Err() != nil {
		return nil, refused(&p, cfg)
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
