package pki

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
)

// Certificate is a leaf with its chain and its private key. It is safe for
// concurrent use.
type Certificate struct {
	issuer *CA
	leaf   *x509.Certificate
	key    crypto.Signer
	pkcs8  []byte
	chain  [][]byte // in DER: the leaf first, without the root
}

// Leaf returns the leaf. It must not be changed.
func (c *Certificate) Leaf() *x509.Certificate { return c.leaf }

// TLS returns the certificate for a *tls.Config: the leaf, the intermediates in
// order, and the key.
func (c *Certificate) TLS() tls.Certificate {
	return tls.Certificate{Certificate: slices.Clone(c.chain), PrivateKey: c.key, Leaf: c.leaf}
}

// ChainPEM returns the leaf and the intermediates in order, without the root.
func (c *Certificate) ChainPEM() []byte {
	var b bytes.Buffer
	for _, der := range c.chain {
		b.Write(certPEM(der))
	}
	return b.Bytes()
}

// KeyPEM returns the private key in PKCS#8, not encrypted.
func (c *Certificate) KeyPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: c.pkcs8})
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
