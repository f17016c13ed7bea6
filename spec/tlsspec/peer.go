package tlsspec

import (
	"errors"
	"slices"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

var errNoRoots = errors.New("leaves no CA: want from, or no roots for the system's")

// roots refuses a message that says that there are none: tlsx would take the
// system's.
func roots(p *build.Problems, m *specv1.TLSConfig_CAs) tlsx.CAs {
	if m != nil && m.System != nil && !m.GetSystem() && len(m.GetFrom()) == 0 {
		p.Add("roots.system", false, errNoRoots)
	}
	return cas(p, "roots", m)
}

func cas(p *build.Problems, path string, m *specv1.TLSConfig_CAs) tlsx.CAs {
	return tlsx.CAs{
		From:   sources(p, path+".from", m.GetFrom()),
		System: m.GetSystem(),
	}
}

func peer(p *build.Problems, m *specv1.TLSConfig_Peer) tlsx.Peer {
	return tlsx.Peer{
		Names:         slices.Clone(m.GetNames()),
		Pins:          slices.Clone(m.GetPins()),
		CRLs:          sources(p, "peer.crls", m.GetCrls()),
		RequireCRL:    m.GetRequireCrl(),
		RequireStaple: m.GetRequireStaple(),
	}
}
