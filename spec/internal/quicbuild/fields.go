package quicbuild

import (
	"context"
	"crypto/tls"
	"errors"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/sockspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
)

// Socketed is a message with socket options.
type Socketed interface {
	GetSocket() *specv1.SockOption
	GetOptions() map[string]*structpb.Value
	GetPrefer() map[string]*structpb.Value
}

// Options returns the socket options of a message.
func Options(p *build.Problems, m Socketed) sockopt.Options {
	list, err := sockspec.Options(m.GetSocket(), m.GetOptions(), m.GetPrefer())
	p.Nest("", err)
	return list
}

// Option returns the path of an option of a message, for Rules.
func Option(prefix string, m Socketed) func(name string) string {
	return func(name string) string {
		return spec.Join(prefix, sockspec.Field(name, m.GetSocket(), m.GetOptions(), m.GetPrefer()))
	}
}

// TLS returns the config of the field tls, nil if there is none.
func TLS(ctx context.Context, p *build.Problems, m *specv1.TLSConfig) *tls.Config {
	if m == nil {
		return nil
	}
	config, err := tlsspec.Open(ctx, m)
	p.Nest("tls", err)
	return config
}

// Unsigned returns v; a negative one is noted.
func Unsigned(p *build.Problems, path string, v int64) uint64 {
	if v < 0 {
		p.Add(path, v, errors.New("must not be negative"))
		return 0
	}
	return uint64(v)
}

// Int returns v; one that an int of this platform cannot hold is noted.
func Int(p *build.Problems, path string, v int64) int { return build.Int[int](p, path, &v) }
