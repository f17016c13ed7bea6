package tlsx

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"

	"golang.org/x/crypto/cryptobyte"
)

// NewECHKey makes a key for ECH.Keys, as "openssl ech" does. publicName is the
// DNS name, of two labels or more, that everybody sees, in place of the one that is asked for; the
// server must have a certificate for it. key is the PEM text for the server: an
// X25519 key and its config (RFC 9934). config is the config alone, in PEM for
// ECH.Configs; its base64 is what the "ech" parameter of an HTTPS record in the
// DNS holds.
func NewECHKey(publicName string) (key, config []byte, err error) {
	name := normal(publicName)
	if !isPublicName(name) {
		return nil, nil, &Error{Op: "config", Field: "publicName", Value: publicName, Err: errECHName}
	}
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	var der []byte
	if err == nil {
		der, err = x509.MarshalPKCS8PrivateKey(private)
	}
	if err != nil {
		return nil, nil, &Error{Op: "config", Field: "publicName", Value: publicName, Err: err}
	}
	id := make([]byte, 1)
	rand.Read(id) // never fails
	config = pem.EncodeToMemory(&pem.Block{Type: echConfigBlock, Bytes: newECHList(id[0], private.PublicKey(), name)})
	key = append(pem.EncodeToMemory(&pem.Block{Type: privateKeyBlock, Bytes: der}), config...)
	return key, config, nil
}

// newECHList returns an ECHConfigList of one config.
func newECHList(id uint8, key *ecdh.PublicKey, publicName string) []byte {
	var b cryptobyte.Builder
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint16(echVersion)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint8(id)
			b.AddUint16(hpke.DHKEM(ecdh.X25519()).ID())
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(key.Bytes()) })
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				for _, aead := range []hpke.AEAD{hpke.AES128GCM(), hpke.AES256GCM(), hpke.ChaCha20Poly1305()} {
					b.AddUint16(hpke.HKDFSHA256().ID())
					b.AddUint16(aead.ID())
				}
			})
			b.AddUint8(0) // the longest name is not known
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(publicName)) })
			b.AddUint16(0) // no extensions
		})
	})
	return b.BytesOrPanic() // a name that isHost admits fits
}
