package tlsx

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
)

var (
	errNoStaple   = errors.New("the peer stapled no OCSP response")
	errMustStaple = errors.New("its certificate promises a staple (RFC 7633)")

	oidTLSFeature = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
)

// staple looks at the response that came with a chain. One that says nothing is
// as good as none; one that says revoked always counts, also when it has
// become outdated.
func (v *verifier) staple(chain []*x509.Certificate, der []byte) (string, error) {
	leaf := chain[0]
	if len(chain) == 1 {
		return "", nil // a root is trusted as such: nobody else can revoke it
	}
	promised := mustStaple(leaf)
	err := errNoStaple
	if len(der) > 0 {
		_, err = checkOCSP(der, leaf, chain[1], v.now())
	}
	if _, revoked := errors.AsType[*RevokedError](err); revoked {
		return "", err
	}
	switch {
	case err == nil:
		return "", nil
	case v.requireStaple:
		return "Peer.RequireStaple", &StatusError{Subject: leaf.Subject.String(), Err: err}
	case promised:
		return "", &StatusError{Subject: leaf.Subject.String(), Err: errors.Join(err, errMustStaple)}
	}
	return "", nil
}

// mustStaple reports whether the certificate has the TLS feature status_request.
func mustStaple(cert *x509.Certificate) bool {
	for _, x := range cert.Extensions {
		if !x.Id.Equal(oidTLSFeature) {
			continue
		}
		var features []int
		rest, err := asn1.Unmarshal(x.Value, &features)
		return err == nil && len(rest) == 0 && slices.Contains(features, 5)
	}
	return false
}
