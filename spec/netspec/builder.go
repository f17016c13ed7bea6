package netspec

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/sockspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// finish returns the config if nothing is wrong.
func finish[C any](p *build.Problems, cfg *C) (*C, error) {
	if err := p.Err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// socketed is a message with socket options.
type socketed interface {
	GetSocket() *specv1.SockOption
	GetOptions() map[string]*structpb.Value
	GetPrefer() map[string]*structpb.Value
}

func options(p *build.Problems, m socketed) sockopt.Options {
	list, err := sockspec.Options(m.GetSocket(), m.GetOptions(), m.GetPrefer())
	p.Nest("", err)
	return list
}
