package tlsx

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// publicKey is what all public keys of the standard library are.
type publicKey interface {
	Equal(other crypto.PublicKey) bool
}

// publicOf returns nil for a key that cannot sign.
func publicOf(key crypto.PrivateKey) publicKey {
	signer, ok := key.(crypto.Signer)
	if v := reflect.ValueOf(key); !ok || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	public, _ := signer.Public().(publicKey)
	return public
}

// checkPair says what of chain and key cannot be presented.
func (l *loader) checkPair(made *tls.Certificate, chain []*x509.Certificate) {
	if err := strong(chain[0].PublicKey, true); errors.Is(err, errOddKey) {
		l.report(err) // x509 does not read such a key, so nothing matches it
		return
	}
	if err := matches(publicOf(made.PrivateKey), chain); err != nil {
		s := l.key
		if errors.As(err, new(orderError)) {
			s = l.chain
		} else if l.key.field != l.chain.field && l.chain.value != "" {
			err = fmt.Errorf("%w in %s", err, l.chain.value)
		}
		l.fail(s, err)
		return // what follows would only say it again
	}
	if !l.inUse(chain[0].Raw) {
		l.report(current(chain[0], l.now))
	}
	l.report(strong(chain[0].PublicKey, l.config.AllowWeak))
	for i, c := range chain {
		if !l.config.AllowWeak && weaklySigned(c) {
			l.report(fmt.Errorf("certificate %d (%s) is signed with %s: want SHA-256 or more, or AllowWeak", i+1, subject(c), c.SignatureAlgorithm))
		}
		if i == 0 {
			continue
		}
		if err := issued(c, chain[i-1]); err != nil {
			l.report(fmt.Errorf("certificate %d (%s) did not issue certificate %d (%s): want the leaf first, each followed by its issuer: %w",
				i+1, subject(c), i, subject(chain[i-1]), err))
		}
	}
}

// report adds what is wrong with the chain, if anything is.
func (l *loader) report(err error) {
	if err != nil {
		l.fail(l.chain, err)
	}
}

// orderError is about the chain, whatever the key is.
type orderError struct{ error }

func matches(public publicKey, chain []*x509.Certificate) error {
	for i, c := range chain {
		switch {
		case public == nil || !public.Equal(c.PublicKey):
		case i == 0:
			return nil
		default:
			return orderError{fmt.Errorf("the leaf is not first: the key belongs to certificate %d (%s)", i+1, subject(c))}
		}
	}
	return fmt.Errorf("the key does not belong to the certificate (%s)", subject(chain[0]))
}

var errOtherName = errors.New("its subject is not the other's issuer")

// issued returns nil if parent signed child. SHA-1 is not the matter here.
func issued(parent, child *x509.Certificate) error {
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) {
		return errOtherName
	}
	err := child.CheckSignatureFrom(parent)
	if errors.As(err, new(x509.InsecureAlgorithmError)) {
		return nil
	}
	return err
}

// weaklySigned reports whether peers refuse the signature. Nobody looks at the
// one that a certificate has from itself.
func weaklySigned(c *x509.Certificate) bool {
	return isWeak(c.SignatureAlgorithm) && !bytes.Equal(c.RawSubject, c.RawIssuer)
}

// subject names a certificate in errors.
func subject(c *x509.Certificate) string {
	if s := c.Subject.String(); s != "" {
		return s
	}
	if len(c.DNSNames) > 0 {
		return c.DNSNames[0]
	}
	return "serial number " + c.SerialNumber.String()
}

// validityError says when, where x509's says only that.
type validityError struct {
	text string
	cert *x509.Certificate
}

func (e *validityError) Error() string { return e.text }

// Unwrap gives callers the error that a peer would see.
func (e *validityError) Unwrap() error {
	return x509.CertificateInvalidError{Cert: e.cert, Reason: x509.Expired, Detail: e.text}
}

// current checks the leaf alone: chains with an outdated cross-signature at
// their end are in use, and harmless.
func current(leaf *x509.Certificate, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return &validityError{"expired on " + leaf.NotAfter.UTC().Format(time.RFC3339), leaf}
	case now.Before(leaf.NotBefore):
		return &validityError{"is not valid before " + leaf.NotBefore.UTC().Format(time.RFC3339), leaf}
	}
	return nil
}

// minRSA is the least that Go itself signs with, and strongRSA what every
// guideline asks for, in bits.
const (
	minRSA    = 1024
	strongRSA = 2048
)

var errOddKey = errors.New("has a key that TLS does not sign with: want RSA, ECDSA or Ed25519")

// strong checks the key of the leaf.
func strong(public crypto.PublicKey, weak bool) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return strongEnough(key.N.BitLen(), weak)
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() && key.Curve != elliptic.P384() && key.Curve != elliptic.P521() {
			return fmt.Errorf("has a key on %s: want P-256, P-384 or P-521", key.Curve.Params().Name)
		}
		return nil
	case ed25519.PublicKey:
		return nil
	}
	return errOddKey
}

func strongEnough(bits int, weak bool) error {
	switch {
	case bits < minRSA:
		return fmt.Errorf("has an RSA key of %d bits, which Go refuses: want %d or more", bits, strongRSA)
	case bits < strongRSA && (!weak || fips140.Enabled()):
		return fmt.Errorf("has an RSA key of %d bits: want %d or more, or AllowWeak where FIPS 140-3 mode is off", bits, strongRSA)
	}
	return nil
}
