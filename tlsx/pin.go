package tlsx

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

var errPin = errors.New("want the SHA-256 of a public key: 32 bytes in base64, with or without \"sha256/\" before them")

// pin is the SHA-256 of a SubjectPublicKeyInfo.
type pin [sha256.Size]byte

func parsePin(s string) (pin, error) {
	if strings.ContainsAny(s, "\r\n") { // which base64 passes over
		return pin{}, errPin
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(s, "sha256/"))
	if err != nil {
		return pin{}, fmt.Errorf("%w: %w", errPin, err)
	}
	if len(raw) != sha256.Size {
		return pin{}, fmt.Errorf("%w: has %d bytes", errPin, len(raw))
	}
	return pin(raw), nil
}

func pinOf(cert *x509.Certificate) pin { return sha256.Sum256(cert.RawSubjectPublicKeyInfo) }

// String is the form that parsePin reads.
func (p pin) String() string { return "sha256/" + base64.StdEncoding.EncodeToString(p[:]) }

// pins are those that one of a chain must be among; empty: no matter.
type pins map[pin]struct{}

func (s pins) check(chain []*x509.Certificate) error {
	if len(s) == 0 {
		return nil
	}
	for _, cert := range chain {
		if _, ok := s[pinOf(cert)]; ok {
			return nil
		}
	}
	return &PinError{Leaf: pinOf(chain[0]).String()}
}
