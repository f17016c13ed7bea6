package tlsspec_test

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/tlsx"
)

// Each field of TLSConfig reaches the config of tlsx, which is what both
// constructors take.
func TestEveryField(t *testing.T) {
	chain := &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{Chain: file("chain.pem")}}}
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.TLSConfig{} },
		Map: func(m proto.Message) (any, error) { return tlsspec.TLSXConfig(m.(*specv1.TLSConfig)) },
		Samples: map[string]any{
			"certificates":               &specv1.CertKeyPair{Chain: file("chain.pem")},
			"certificates.chain":         file("other.pem"),
			"certificates.key":           file("key.pem"),
			"certificates.pkcs12":        file("pair.pfx"),
			"certificates.password":      env("PASSWORD"),
			"certificates.ocsp.response": file("ocsp.der"),
			"certificates.ocsp.issuer":   file("issuer.pem"),
			"roots.from":                 file("ca.pem"),
			"client_cas.from":            file("ca.pem"),
			"peer.crls":                  file("list.pem"),
			"peer.pins":                  "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
			"tickets.keys":               file("tickets.txt"),
			"ech.configs":                file("list.pem"),
			"ech.keys":                   file("ech.pem"),
			"min_version":                "1.3",
			"max_version":                "1.2",
			"roots.system":               true,
			"server_name":                "server.test",
			"client_cas.system":          true,
		},
		Needs: map[string]proto.Message{
			"unknown_name":             chain,
			"certificates.ocsp.issuer": &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{Chain: file("c"), Ocsp: &specv1.CertKeyPair_OCSP{Response: file("ocsp.der")}}}},
		},
		Proofs: map[string]func(*testing.T){
			"reload":                  followed,
			"client_auth":             clientAuth,
			"client_cas.from":         clientCAs,
			"client_cas.system":       clientCAsOfSystem,
			"cipher_suites":           suites,
			"curves":                  curves,
			"certificates.signatures": signatures,
			"certificates.pkcs12":     pfx,
		},
		Foreign: []proto.Message{&specv1.DataSource{}},
	})
}

func TestEveryField_DataSource(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return text("x") },
		Map: func(m proto.Message) (any, error) {
			return tlsspec.TLSXConfig(&specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{Chain: m.(*specv1.DataSource)}}})
		},
	})
}

// mapped returns what a message becomes, which must be valid.
func mapped(t *testing.T, m *specv1.TLSConfig) *tlsx.Config {
	t.Helper()
	cfg, err := tlsspec.TLSXConfig(m)
	require.NoError(t, err)
	return cfg
}

func clientAuth(t *testing.T) {
	ca := newCA(t)
	for mode, want := range map[specv1.TLSConfig_ClientAuth]tls.ClientAuthType{
		specv1.TLSConfig_none:               tls.NoClientCert,
		specv1.TLSConfig_request:            tls.RequestClientCert,
		specv1.TLSConfig_require:            tls.RequireAnyClientCert,
		specv1.TLSConfig_verify_if_given:    tls.VerifyClientCertIfGiven,
		specv1.TLSConfig_require_and_verify: tls.RequireAndVerifyClientCert,
	} {
		m := &specv1.TLSConfig{ClientAuth: mode.Enum()}
		if want >= tls.VerifyClientCertIfGiven {
			m.ClientCas = only(ca)
		}
		assert.Equal(t, want, mapped(t, m).ClientAuth)
		assert.Equal(t, want, build(t, m).ClientAuth)
	}
	assert.Len(t, specv1.TLSConfig_ClientAuth_name, 5)
}

func clientCAs(t *testing.T) {
	m := &specv1.TLSConfig{
		ClientAuth: specv1.TLSConfig_require_and_verify.Enum(),
		ClientCas:  &specv1.TLSConfig_CAs{From: []*specv1.DataSource{file("a"), env("B")}},
	}
	assert.Equal(t, []tlsx.Data{tlsx.File("a"), tlsx.Env("B")}, mapped(t, m).ClientCAs.From)
}

func clientCAsOfSystem(t *testing.T) {
	m := &specv1.TLSConfig{
		ClientAuth: specv1.TLSConfig_verify_if_given.Enum(),
		ClientCas:  &specv1.TLSConfig_CAs{System: new(true)},
	}
	assert.Equal(t, tlsx.CAs{System: true}, mapped(t, m).ClientCAs)
}

func pfx(t *testing.T) {
	m := &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{Pkcs12: file("pair.pfx")}}}
	assert.Equal(t, tlsx.File("pair.pfx"), mapped(t, m).Certificates[0].PKCS12)
}
