package tlsspec

import (
	"errors"
	"fmt"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

var errNoSource = errors.New("names nothing: want one of file, env and text")

// data turns a source into tlsx's; the zero one for nil. One that is there has to
// name something: empty, it would count as unset.
func data(p *build.Problems, path string, m *specv1.DataSource) tlsx.Data {
	if m == nil {
		return tlsx.Data{}
	}
	return source(p, path, m)
}

// sources is for lists, where nil is an empty source.
func sources(p *build.Problems, path string, list []*specv1.DataSource) []tlsx.Data {
	var out []tlsx.Data
	for i, m := range list {
		out = append(out, source(p, fmt.Sprintf("%s[%d]", path, i), m))
	}
	return out
}

func source(p *build.Problems, path string, m *specv1.DataSource) tlsx.Data {
	d := tlsx.Data{File: m.GetFile(), Env: m.GetEnv(), Text: m.GetText()}
	if d.IsZero() {
		p.Add(path, nil, errNoSource)
	}
	return d
}
