package main

import (
	"sync"

	"google.golang.org/protobuf/proto"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// ServerTLS is what a listener presents.
type ServerTLS struct {
	Config tlsx.Config // without the self-signed certificate
	Names  []string    // of a certificate that the gateway's own CA signs; nil: none
}

// ClientTLS is what an upstream is dialled with.
type ClientTLS struct{ Config tlsx.Config }

// serverTLS takes what a listener presents; nil is no TLS.
func serverTLS(e entry, m *specv1.GatewayListener, p Protocol) *ServerTLS {
	names := m.GetSelfSigned()
	if m.Tls == nil && len(names) == 0 {
		return nil
	}
	switch {
	case len(names) > 0 && len(m.Tls.GetCertificates()) > 0:
		e.addf("self_signed", "excludes tls.certificates")
	case len(names) == 0 && len(m.Tls.GetCertificates()) == 0:
		e.addf("tls.certificates", "are missing; self_signed makes one")
	case p.in(web) && len(m.Tls.GetAlpn()) > 0:
		e.addf("tls.alpn", "follows from http_versions and the protocol")
	case p == QUIC && len(m.Tls.GetAlpn()) == 0:
		e.addf("tls.alpn", "is missing: QUIC needs the name of a protocol, which clients must know")
	}
	s := &ServerTLS{Names: names}
	config := tried(m.Tls)
	if len(names) > 0 {
		config.Certificates = stand().GetCertificates()
		if _, err := issueStand(names); err != nil {
			e.add("self_signed", err)
		}
	}
	s.Config = loadTLS(e, m.Tls, config)
	return s
}

// clientTLS takes what an upstream is dialled with; nil is no TLS.
func clientTLS(e entry, m *specv1.TLSConfig) *ClientTLS {
	if m == nil {
		return nil
	}
	return &ClientTLS{Config: loadTLS(e, m, tried(m))}
}

// loadTLS returns the config of a message, and notes what is wrong with it, files
// included: config is the message as it is tried.
func loadTLS(e entry, m, config *specv1.TLSConfig) tlsx.Config {
	if _, err := tlsspec.TLSConfig(config); err != nil {
		e.add("tls", err)
		return tlsx.Config{}
	}
	if m == nil {
		m = &specv1.TLSConfig{}
	}
	c, err := tlsspec.TLSXConfig(m)
	if err != nil {
		e.add("tls", err)
		return tlsx.Config{}
	}
	return *c
}

// tried returns a message with what would not end, or leave traces, left out.
func tried(m *specv1.TLSConfig) *specv1.TLSConfig {
	if m == nil {
		return &specv1.TLSConfig{}
	}
	own := proto.CloneOf(m)
	own.Reload, own.KeyLogFile = nil, nil
	for _, c := range own.Certificates {
		if c.Ocsp != nil {
			c.Ocsp.Fetch = nil
		}
	}
	return own
}

// stand stands for certificates, where a check needs some.
var stand = sync.OnceValue(func() *specv1.TLSConfig {
	leaf, err := issueStand([]string{"localhost"})
	if err != nil {
		panic(err) // the system has no randomness
	}
	text := func(b []byte) *specv1.DataSource {
		return &specv1.DataSource{Source: &specv1.DataSource_Text{Text: string(b)}}
	}
	return &specv1.TLSConfig{
		Certificates: []*specv1.CertKeyPair{{Chain: text(leaf.ChainPEM()), Key: text(leaf.KeyPEM())}},
		Alpn:         []string{"x"},
	}
})

// issueStand signs a certificate that nobody will see.
func issueStand(names []string) (*pki.Certificate, error) {
	ca, err := pki.New(&pki.Config{Name: "trial"})
	if err != nil {
		return nil, err
	}
	return ca.Issue(&pki.Leaf{Names: names, Server: true})
}
