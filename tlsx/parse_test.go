package tlsx_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]uint16{
		"1.0": tls.VersionTLS10, "TLS1.1": tls.VersionTLS11, "TLS 1.2": tls.VersionTLS12, "tlsv1.3": tls.VersionTLS13,
		" 1.2 ": tls.VersionTLS12,
	} {
		got, err := tlsx.ParseVersion(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "1", "TLS", "TLS 1.4", "SSLv3", "v1.2", "TLS TLSv1.2", "1.2.3"} {
		_, err := tlsx.ParseVersion(text)
		assert.EqualError(t, err, sayIf(text, "tlsx: parse: version", "is none of TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3"))
	}
}

func sayIf(value, before, after string) string {
	if value != "" {
		before += "=" + value
	}
	return before + ": " + after
}

// Every value has a name that is read again, in capitals and small letters.
func TestInverse(t *testing.T) {
	for v := uint16(tls.VersionTLS10); v <= tls.VersionTLS13; v++ {
		inverse(t, v, tls.VersionName, tlsx.ParseVersion)
	}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		inverse(t, s.ID, tls.CipherSuiteName, tlsx.ParseCipherSuite)
	}
	for _, id := range []tls.CurveID{
		tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024,
		tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521,
	} {
		inverse(t, id, tlsx.CurveName, tlsx.ParseCurve)
		inverse(t, id, tls.CurveID.String, tlsx.ParseCurve)
	}
	for _, id := range []tls.SignatureScheme{
		tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512,
		tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512, tls.PKCS1WithSHA1,
		tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512, tls.ECDSAWithSHA1, tls.Ed25519,
	} {
		inverse(t, id, tlsx.SignatureName, tlsx.ParseSignature)
	}
	for v := tls.NoClientCert; v <= tls.RequireAndVerifyClientCert; v++ {
		inverse(t, v, tls.ClientAuthType.String, tlsx.ParseClientAuth)
	}
	for _, v := range []tlsx.Preset{tlsx.Default, tlsx.Modern, tlsx.Intermediate} {
		inverse(t, v, tlsx.Preset.String, tlsx.ParsePreset)
	}
	for _, v := range []tlsx.UnknownName{tlsx.PresentDefault, tlsx.RefuseUnknown} {
		inverse(t, v, tlsx.UnknownName.String, tlsx.ParseUnknownName)
	}
}

func inverse[T any](t *testing.T, value T, name func(T) string, parse func(string) (T, error)) {
	t.Helper()
	for _, text := range []string{name(value), strings.ToUpper(name(value)), strings.ToLower(name(value))} {
		got, err := parse(text)
		require.NoError(t, err)
		assert.Equal(t, value, got)
	}
}

// The names that OpenSSL and NIST have for the same curves.
func TestParseCurveAliases(t *testing.T) {
	for text, want := range map[string]tls.CurveID{
		"prime256v1": tls.CurveP256, "P-256": tls.CurveP256, "p-384": tls.CurveP384, "P-521": tls.CurveP521, "X25519": tls.X25519,
	} {
		got, err := tlsx.ParseCurve(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestParseUnknown(t *testing.T) {
	for kind, err := range map[string]error{
		"cipher suite": second(tlsx.ParseCipherSuite("x")), "curve": second(tlsx.ParseCurve("x")),
		"signature": second(tlsx.ParseSignature("x")), "client authentication": second(tlsx.ParseClientAuth("x")),
		"preset": second(tlsx.ParsePreset("x")), "unknown name": second(tlsx.ParseUnknownName("x")),
	} {
		var e *tlsx.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "parse", e.Op)
		assert.Equal(t, kind, e.Field)
		assert.Equal(t, "x", e.Value)
	}
	assert.EqualError(t, second(tlsx.ParsePreset("old")), "tlsx: parse: preset=old: is none of default, modern, intermediate")
	assert.ErrorContains(t, second(tlsx.ParseCurve("x448")), "x25519", "what is allowed")
	assert.Less(t, len(second(tlsx.ParsePreset(strings.Repeat("x", 1e6))).Error()), 1000, "an error is short whatever was given")
}

func second[T any](_ T, err error) error { return err }

// What has no name is shown as a number.
func TestUnnamed(t *testing.T) {
	assert.Equal(t, "0x6A6A", tlsx.CurveName(0x6a6a))
	assert.Equal(t, "0x0840", tlsx.SignatureName(0x0840))
	assert.Equal(t, "Preset(7)", tlsx.Preset(7).String())
	assert.Equal(t, "UnknownName(-1)", tlsx.UnknownName(-1).String())
}

// A value that is read has a name that is read as the same; the rest is an *Error.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "1.2", "TLSv1.3", "X25519MLKEM768", "P-256", "ed25519", "modern", "refuse", "NoClientCert", "TLS_AES_128_GCM_SHA256"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		again(t, s, tlsx.ParseVersion, tls.VersionName)
		again(t, s, tlsx.ParseCipherSuite, tls.CipherSuiteName)
		again(t, s, tlsx.ParseCurve, tlsx.CurveName)
		again(t, s, tlsx.ParseSignature, tlsx.SignatureName)
		again(t, s, tlsx.ParseClientAuth, tls.ClientAuthType.String)
		again(t, s, tlsx.ParsePreset, tlsx.Preset.String)
		again(t, s, tlsx.ParseUnknownName, tlsx.UnknownName.String)
	})
}

func again[T comparable](t *testing.T, s string, parse func(string) (T, error), name func(T) string) {
	t.Helper()
	value, err := parse(s)
	if err != nil {
		var zero T
		require.Equal(t, zero, value)
		var e *tlsx.Error
		require.ErrorAs(t, err, &e)
		return
	}
	back, err := parse(name(value))
	require.NoError(t, err)
	require.Equal(t, value, back)
}
