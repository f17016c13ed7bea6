package tlsx

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// ErrNoCertificate is why a peer without a certificate is refused: a field of
// [Peer] needs one.
var ErrNoCertificate = errors.New("the peer presented no certificate (a server asks for it by ClientAuth)")

// errUnverified is the answer to a clone of the config that switched off what
// the policy builds on.
var errUnverified = errors.New("the peer's chain was not verified, which Insecure does not say")

// errOutlived is the answer to a session that has lasted longer than what it was
// verified by.
var errOutlived = errors.New("all chains of the session have expired")

// NameError says that a certificate has none of the names that [Peer].Names asks for.
type NameError struct {
	// Want are the names that were asked for, Have those in the certificate.
	Want, Have []string
}

// Error returns the message.
func (e *NameError) Error() string {
	have := "has no names"
	if len(e.Have) > 0 {
		have = "is for " + strings.Join(e.Have, ", ")
	}
	return fmt.Sprintf("certificate %s: want one of %s", have, strings.Join(e.Want, ", "))
}

// PinError says that no public key of a peer is among [Peer].Pins.
type PinError struct {
	// Leaf is what the peer's own key would be pinned by.
	Leaf string
}

// Error returns the message.
func (e *PinError) Error() string {
	return "no public key of the chain is pinned; the leaf's is " + e.Leaf
}

// RevokedError says that a certificate of a peer's chain, or one's own at
// loading, was revoked by its issuer.
type RevokedError struct {
	// Subject and Issuer are the names in the certificate.
	Subject, Issuer string
	// Serial is its serial number.
	Serial *big.Int
	// Time is when it was revoked.
	Time time.Time
	// Reason is the code of RFC 5280, section 5.3.1: 0 is unspecified, 1 a
	// compromised key.
	Reason int
	// Source is who says so: "CRL" or "OCSP".
	Source string
}

// Error returns the message.
func (e *RevokedError) Error() string {
	return fmt.Sprintf("certificate %x of %s was revoked by %s on %s (reason %d, %s)",
		e.Serial, e.Subject, e.Issuer, e.Time.UTC().Format(time.DateOnly), e.Reason, e.Source)
}

// StatusError says that nothing valid tells whether a certificate of a peer is
// revoked, although a policy asks for it.
type StatusError struct {
	// Subject is the name in the certificate.
	Subject string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message.
func (e *StatusError) Error() string {
	return fmt.Sprintf("cannot tell whether the certificate of %s is revoked: %v", e.Subject, e.Err)
}

// Unwrap returns the cause.
func (e *StatusError) Unwrap() error { return e.Err }
