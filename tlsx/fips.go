package tlsx

import (
	"crypto/fips140"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
)

// FIPS reports whether Go's FIPS 140-3 mode is on (GODEBUG=fips140=on or only).
// crypto/tls then leaves out what the mode forbids: versions below 1.2, x25519
// alone, ChaCha20, RSA key exchange, SHA-1. A Config that names such a thing is
// refused with an error that is errors.ErrUnsupported; presets leave it out.
func FIPS() bool { return fips140.Enabled() }

// What crypto/tls filters by in that mode (its defaults_fips140.go): a suite, a
// curve or a signature outside of these lists counts as not implemented.
var (
	approvedSuites = []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	}
	unapprovedCurves     = []tls.CurveID{tls.X25519}
	unapprovedSignatures = []tls.SignatureScheme{tls.PKCS1WithSHA1, tls.ECDSAWithSHA1}
)

func forbiddenVersion(version uint16) bool { return fips140.Enabled() && version < tls.VersionTLS12 }

func forbiddenSuite(id uint16) bool {
	return fips140.Enabled() && !slices.Contains(approvedSuites, id)
}

func forbiddenCurve(id tls.CurveID) bool {
	return fips140.Enabled() && slices.Contains(unapprovedCurves, id)
}

func forbiddenSignature(id tls.SignatureScheme) bool {
	return fips140.Enabled() && slices.Contains(unapprovedSignatures, id)
}

// errFIPS says what the mode admits.
func errFIPS(want string) error {
	return fmt.Errorf("is forbidden, as FIPS 140-3 mode is on: want any of %s: %w", want, errors.ErrUnsupported)
}
