package tlsspec

import (
	"crypto/tls"
	"slices"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx"
)

// TLSXConfig returns what m says, checked as far as that goes without reading
// anything. nil is the zero config. That m has reload shows in Reload.Interval
// alone: tlsx.NewSource follows the files in any case, tlsx.New never.
func TLSXConfig(m *specv1.TLSConfig) (*tlsx.Config, error) {
	var p build.Problems
	cfg := checked(&p, m)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// checked notes what cannot be converted and what tlsx says of the rest.
func checked(p *build.Problems, m *specv1.TLSConfig) *tlsx.Config {
	cfg := config(p, m)
	p.Module(cfg.Check(), fields, blame)
	return cfg
}

func config(p *build.Problems, m *specv1.TLSConfig) *tlsx.Config {
	if m == nil {
		return &tlsx.Config{}
	}
	return &tlsx.Config{
		Certificates: certificates(p, m.GetCertificates()),
		UnknownName:  build.Number[tlsx.UnknownName](p, "unknown_name", m.UnknownName),
		Roots:        roots(p, m.GetRoots()),
		ClientCAs:    cas(p, "client_cas", m.GetClientCas()),
		ClientAuth:   build.Number[tls.ClientAuthType](p, "client_auth", m.ClientAuth),
		ServerName:   m.GetServerName(),
		Peer:         peer(p, m.GetPeer()),
		Insecure:     m.GetInsecure(),
		Preset:       build.Number[tlsx.Preset](p, "preset", m.Preset),
		MinVersion:   version(p, "min_version", m.MinVersion),
		MaxVersion:   version(p, "max_version", m.MaxVersion),
		CipherSuites: numbers[uint16](p, "cipher_suites", m.GetCipherSuites()),
		Curves:       numbers[tls.CurveID](p, "curves", m.GetCurves()),
		AllowWeak:    m.GetAllowWeak(),
		ALPN:         slices.Clone(m.GetAlpn()),
		Tickets:      tickets(p, m.GetTickets()),
		Sessions:     build.Int[int](p, "sessions", m.Sessions),
		KeyLog:       m.GetKeyLogFile(),
		ECH:          ech(p, m.GetEch()),
		Reload:       tlsx.Reload{Interval: p.Duration("reload.interval", m.GetReload().GetInterval())},
	}
}
