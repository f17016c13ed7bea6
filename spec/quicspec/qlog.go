package quicspec

import (
	"errors"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// qlog converts the field qlog of a message.
func qlog(p *build.Problems, m *specv1.QLogConfig) quicx.QLog {
	if m != nil && m.GetFolder() == "" {
		p.Add("qlog.folder", nil, errors.New("required"))
	}
	return quicx.QLog{Folder: m.GetFolder(), MaxBytes: m.GetMaxBytes()}
}
