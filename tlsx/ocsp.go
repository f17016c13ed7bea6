package tlsx

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// maxOCSP bounds a response, in bytes: one certificate's has 500 to 3,000.
const maxOCSP = 64 << 10

var (
	errOCSPLarge   = fmt.Errorf("the OCSP response is larger than %d bytes", maxOCSP)
	errOCSPOther   = errors.New("the OCSP response is of a certificate of another issuer")
	errOCSPSigner  = errors.New("the OCSP response is signed by somebody else than the issuer")
	errOCSPNoEnd   = errors.New("the OCSP response does not say until when it holds (nextUpdate)")
	errOCSPUnknown = errors.New("the OCSP responder does not know the certificate")
)

// checkOCSP returns the response if it says that leaf, issued by issuer, is good
// at now. A *RevokedError is proven; every other error means that the response
// says nothing.
func checkOCSP(der []byte, leaf, issuer *x509.Certificate, now time.Time) (*ocsp.Response, error) {
	if len(der) > maxOCSP {
		return nil, errOCSPLarge
	}
	// Without an issuer: with one, responses of issuers that enclose their own
	// certificate fail, and a responder's purpose is not looked at.
	r, err := ocsp.ParseResponseForCert(der, leaf, nil)
	if err != nil {
		return nil, err
	}
	if err := checkOCSPIssuer(r, leaf, issuer); err != nil {
		return nil, err
	}
	if err := checkOCSPSigner(r, issuer, now); err != nil {
		return nil, err
	}
	switch {
	case r.Status == ocsp.Revoked:
		return nil, &RevokedError{
			Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Serial: leaf.SerialNumber,
			Time: r.RevokedAt, Reason: r.RevocationReason, Source: "OCSP",
		}
	case r.Status != ocsp.Good:
		return nil, errOCSPUnknown
	}
	return r, checkOCSPTime(r, now)
}

func checkOCSPTime(r *ocsp.Response, now time.Time) error {
	switch {
	case r.NextUpdate.IsZero():
		return errOCSPNoEnd
	case r.ThisUpdate.After(now.Add(clockSkew)):
		return fmt.Errorf("the OCSP response holds only from %s on", r.ThisUpdate.UTC().Format(time.RFC3339))
	case !now.Before(r.NextUpdate):
		return fmt.Errorf("the OCSP response is outdated since %s", r.NextUpdate.UTC().Format(time.RFC3339))
	}
	return nil
}

// checkOCSPSigner takes the issuer, or whom it has delegated to: a certificate
// that it issued itself and for this purpose (RFC 6960, section 4.2.2.2).
func checkOCSPSigner(r *ocsp.Response, issuer *x509.Certificate, now time.Time) error {
	if isWeak(r.SignatureAlgorithm) {
		return fmt.Errorf("the OCSP response %w", errWeakSignature)
	}
	signer := r.Certificate
	if signer == nil || signer.Equal(issuer) {
		if err := r.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("%w: %w", errOCSPSigner, err)
		}
		return nil
	}
	// That the enclosed certificate signed the response was seen in parsing.
	if err := signer.CheckSignatureFrom(issuer); err != nil {
		return fmt.Errorf("%w: %s: %w", errOCSPSigner, signer.Subject, err)
	}
	if !slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		return fmt.Errorf("%w: %s has not the purpose OCSPSigning", errOCSPSigner, signer.Subject)
	}
	if chainExpired([]*x509.Certificate{signer}, now) {
		return fmt.Errorf("%w: the certificate of %s has expired or is not valid yet", errOCSPSigner, signer.Subject)
	}
	return nil
}
