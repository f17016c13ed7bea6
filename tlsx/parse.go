package tlsx

import (
	"crypto/tls"
	"fmt"
	"strings"
)

// entry is a name of a value: the first one of a value is what it is printed as.
type entry[T comparable] struct {
	name  string
	value T
}

var versions = []entry[uint16]{
	{"TLS 1.0", tls.VersionTLS10},
	{"TLS 1.1", tls.VersionTLS11},
	{"TLS 1.2", tls.VersionTLS12},
	{"TLS 1.3", tls.VersionTLS13},
}

// ParseVersion reads a version: "1.2", "TLS 1.2", "TLS1.2" or "TLSv1.2", in any
// case. The inverse is tls.VersionName.
func ParseVersion(s string) (uint16, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	if rest, ok := strings.CutPrefix(text, "tls"); ok {
		text = strings.TrimPrefix(strings.TrimLeft(rest, " "), "v")
	}
	version, err := parse("version", "TLS "+text, versions)
	if err != nil {
		return 0, unknown("version", s, versions)
	}
	return version, nil
}

var cipherSuites = func() []entry[uint16] {
	var list []entry[uint16]
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		list = append(list, entry[uint16]{s.Name, s.ID})
	}
	return list
}()

// ParseCipherSuite reads a cipher suite by its IANA name, in any case:
// "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256". It knows the suites of crypto/tls,
// also those of TLS 1.3 and the weak ones. The inverse is tls.CipherSuiteName.
func ParseCipherSuite(s string) (uint16, error) { return parse("cipher suite", s, cipherSuites) }

var curves = []entry[tls.CurveID]{
	{"X25519MLKEM768", tls.X25519MLKEM768},
	{"SecP256r1MLKEM768", tls.SecP256r1MLKEM768},
	{"SecP384r1MLKEM1024", tls.SecP384r1MLKEM1024},
	{"x25519", tls.X25519},
	{"secp256r1", tls.CurveP256},
	{"secp384r1", tls.CurveP384},
	{"secp521r1", tls.CurveP521},
}

// otherCurves are names that OpenSSL, NIST and Go give to the same.
var otherCurves = []entry[tls.CurveID]{
	{"P-256", tls.CurveP256},
	{"P-384", tls.CurveP384},
	{"P-521", tls.CurveP521},
	{"prime256v1", tls.CurveP256},
	{"CurveP256", tls.CurveP256},
	{"CurveP384", tls.CurveP384},
	{"CurveP521", tls.CurveP521},
}

// ParseCurve reads a key exchange by its IANA name, in any case: "x25519",
// "secp256r1", "X25519MLKEM768"; or as NIST, OpenSSL and Go call it: "P-256",
// "prime256v1", "CurveP256". The inverse is [CurveName].
func ParseCurve(s string) (tls.CurveID, error) {
	if curve, err := parse("curve", s, otherCurves); err == nil {
		return curve, nil
	}
	return parse("curve", s, curves)
}

// CurveName returns the IANA name of a key exchange, and a number for one that
// crypto/tls lacks.
func CurveName(id tls.CurveID) string { return nameOf(id, curves, "0x%04X", uint16(id)) }

var signatures = []entry[tls.SignatureScheme]{
	{"rsa_pss_rsae_sha256", tls.PSSWithSHA256},
	{"rsa_pss_rsae_sha384", tls.PSSWithSHA384},
	{"rsa_pss_rsae_sha512", tls.PSSWithSHA512},
	{"rsa_pkcs1_sha256", tls.PKCS1WithSHA256},
	{"rsa_pkcs1_sha384", tls.PKCS1WithSHA384},
	{"rsa_pkcs1_sha512", tls.PKCS1WithSHA512},
	{"ecdsa_secp256r1_sha256", tls.ECDSAWithP256AndSHA256},
	{"ecdsa_secp384r1_sha384", tls.ECDSAWithP384AndSHA384},
	{"ecdsa_secp521r1_sha512", tls.ECDSAWithP521AndSHA512},
	{"ed25519", tls.Ed25519},
	{"rsa_pkcs1_sha1", tls.PKCS1WithSHA1},
	{"ecdsa_sha1", tls.ECDSAWithSHA1},
}

// ParseSignature reads a signature scheme by its IANA name, in any case:
// "rsa_pss_rsae_sha256", "ecdsa_secp256r1_sha256", "ed25519". The inverse is
// [SignatureName].
func ParseSignature(s string) (tls.SignatureScheme, error) { return parse("signature", s, signatures) }

// SignatureName returns the IANA name of a signature scheme, and a number for
// one that crypto/tls lacks.
func SignatureName(id tls.SignatureScheme) string {
	return nameOf(id, signatures, "0x%04X", uint16(id))
}

// parse finds s in list, whatever the case of its letters.
func parse[T comparable](kind, s string, list []entry[T]) (T, error) {
	for _, e := range list {
		if strings.EqualFold(e.name, s) {
			return e.value, nil
		}
	}
	var zero T
	return zero, unknown(kind, s, list)
}

func unknown[T comparable](kind, s string, list []entry[T]) error {
	if len(s) > maxName {
		s = s[:maxName] + "..."
	}
	return &Error{Op: "parse", Field: kind, Value: s, Err: fmt.Errorf("is none of %s", names(list))}
}

func names[T comparable](list []entry[T]) string {
	var all []string
	for _, e := range list {
		all = append(all, e.name)
	}
	return strings.Join(all, ", ")
}

// nameOf returns the name of value, or what format makes of its number: the
// value itself may have a String method, which %X would take the text of.
func nameOf[T comparable, N any](value T, list []entry[T], format string, number N) string {
	for _, e := range list {
		if e.value == value {
			return e.name
		}
	}
	return fmt.Sprintf(format, number)
}

// known reports whether list has value.
func known[T comparable](value T, list []entry[T]) bool {
	for _, e := range list {
		if e.value == value {
			return true
		}
	}
	return false
}
