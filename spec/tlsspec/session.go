package tlsspec

import (
	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

func tickets(p *build.Problems, m *specv1.TLSConfig_Tickets) tlsx.Tickets {
	return tlsx.Tickets{
		Off:  m.GetOff(),
		Keys: sources(p, "tickets.keys", m.GetKeys()),
	}
}

func ech(p *build.Problems, m *specv1.TLSConfig_ECH) tlsx.ECH {
	return tlsx.ECH{
		Configs: data(p, "ech.configs", m.GetConfigs()),
		Keys:    sources(p, "ech.keys", m.GetKeys()),
	}
}
