package tlsspec_test

import (
	"crypto/tls"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/tlsx"
)

// named is an enum without its 0, which is no value.
func named(names map[int32]string) map[int32]string {
	c := maps.Clone(names)
	delete(c, 0)
	return c
}

// listed returns the names that tlsx knows: its error has all of them.
func listed(t *testing.T, err error) []string {
	t.Helper()
	require.Error(t, err)
	_, list, ok := strings.Cut(err.Error(), "is none of ")
	require.True(t, ok)
	return strings.Split(list, ", ")
}

// The schema has exactly the suites of crypto/tls, with their numbers, and each
// reaches tlsx as what it is there.
func suites(t *testing.T) {
	want := map[int32]string{}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		want[int32(s.ID)] = s.Name
		m := &specv1.TLSConfig{AllowWeak: new(true), MaxVersion: new("1.2"), CipherSuites: []specv1.CipherSuite{specv1.CipherSuite(s.ID)}}
		cfg, err := tlsspec.TLSXConfig(m)
		if slices.Equal(s.SupportedVersions, []uint16{tls.VersionTLS13}) {
			require.EqualError(t, err, "cipher_suites[0]: "+s.Name+": cannot be chosen: it is of TLS 1.3, whose suites Go always offers")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, []uint16{s.ID}, cfg.CipherSuites)
	}
	assert.Equal(t, want, named(specv1.CipherSuite_name))
	for number, name := range named(specv1.CipherSuite_name) {
		id, err := tlsx.ParseCipherSuite(name)
		require.NoError(t, err)
		assert.Equal(t, number, int32(id))
	}
}

func curves(t *testing.T) {
	for number, name := range named(specv1.Curve_name) {
		id, err := tlsx.ParseCurve(name)
		require.NoError(t, err)
		assert.Equal(t, number, int32(id))
		assert.Equal(t, name, tlsx.CurveName(id))
		m := &specv1.TLSConfig{MinVersion: new("1.3"), Curves: []specv1.Curve{specv1.Curve(number)}}
		assert.Equal(t, []tls.CurveID{id}, mapped(t, m).Curves)
	}
	_, err := tlsx.ParseCurve("")
	assert.ElementsMatch(t, slices.Collect(maps.Values(named(specv1.Curve_name))), listed(t, err))
}

func signatures(t *testing.T) {
	for number, name := range named(specv1.SignatureScheme_name) {
		id, err := tlsx.ParseSignature(name)
		require.NoError(t, err)
		assert.Equal(t, number, int32(id))
		assert.Equal(t, name, tlsx.SignatureName(id))
		cfg, err := tlsspec.TLSXConfig(&specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{
			Chain: file("c"), Signatures: []specv1.SignatureScheme{specv1.SignatureScheme(number)},
		}}})
		if id == tls.PKCS1WithSHA1 || id == tls.ECDSAWithSHA1 {
			require.ErrorContains(t, err, "certificates[0].signatures[0]: "+name+": is ")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, []tls.SignatureScheme{id}, cfg.Certificates[0].Signatures)
	}
	_, err := tlsx.ParseSignature("")
	assert.ElementsMatch(t, slices.Collect(maps.Values(named(specv1.SignatureScheme_name))), listed(t, err))
}

// Their numbers are tlsx's.
func TestWords(t *testing.T) {
	for _, tt := range []struct {
		names map[int32]string
		text  func(int32) string
	}{
		{specv1.TLSConfig_Preset_name, func(n int32) string { return tlsx.Preset(n).String() }},
		{specv1.TLSConfig_UnknownName_name, func(n int32) string {
			return map[string]string{"default": "present_default", "refuse": "refuse"}[tlsx.UnknownName(n).String()]
		}},
	} {
		for number, name := range tt.names {
			assert.Equal(t, name, tt.text(number))
		}
	}
}
