package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

// KeyType is a kind of private key.
type KeyType int

// The kinds of keys. RSA takes some hundred milliseconds to make, the others
// well under one.
const (
	ECDSAP256 KeyType = iota // ECDSA on P-256, the default
	ECDSAP384                // ECDSA on P-384
	RSA2048                  // RSA of 2048 bits
	Ed25519                  // Ed25519, which browsers do not take
)

var errKeyType = errors.New("want ECDSAP256, ECDSAP384, RSA2048 or Ed25519")

// String returns the constant's name, "ECDSAP256" for instance.
func (t KeyType) String() string {
	names := [...]string{"ECDSAP256", "ECDSAP384", "RSA2048", "Ed25519"}
	if t < 0 || int(t) >= len(names) {
		return fmt.Sprintf("KeyType(%d)", int(t))
	}
	return names[t]
}

func (t KeyType) check() error {
	if t < ECDSAP256 || t > Ed25519 {
		return errKeyType
	}
	return nil
}

// generate makes a key of a type that check admits.
func (t KeyType) generate() (crypto.Signer, error) {
	switch t {
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	default:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
}

// usage is what the key of a leaf may be used for. TLS 1.2 without forward
// secrecy encrypts with an RSA key.
func (t KeyType) usage() x509.KeyUsage {
	if t == RSA2048 {
		return x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	}
	return x509.KeyUsageDigitalSignature
}
