package tlsx

import (
	"bytes"
	"crypto/fips140"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

var errNotPFX = errors.New("is no PKCS#12 file, neither in DER nor in base64")

// readPKCS12 reads chain and key of a PFX file.
func (l *loader) readPKCS12() (tls.Certificate, bool) {
	var text []byte
	var ok bool
	if l.chain, text, ok = l.text(".PKCS12", l.cert.PKCS12); !ok {
		return tls.Certificate{}, false
	}
	l.key = l.chain
	password, ok := l.password()
	if !ok {
		return tls.Certificate{}, false
	}
	made, err := openPFX(text, password, maxEffort)
	if err != nil {
		l.fail(l.chain, err)
	}
	return made, err == nil
}

// openPFX puts the certificates in order, because a PFX file is a bag.
func openPFX(text, password []byte, limit effort) (tls.Certificate, error) {
	if fips140.Enabled() {
		return tls.Certificate{}, fmt.Errorf("FIPS 140-3 mode forbids the ciphers of PKCS#12: want Chain and Key: %w", errors.ErrUnsupported)
	}
	der, err := pfxDER(text)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := boundPFX(der, limit); err != nil {
		return tls.Certificate{}, err
	}
	key, first, others, err := pkcs12.DecodeChain(der, string(password))
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == nil:
		return tls.Certificate{}, errors.New("is encrypted: want Password")
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return tls.Certificate{}, errWrongPassword
	case err != nil:
		return tls.Certificate{}, err
	}
	made := tls.Certificate{PrivateKey: key}
	for _, c := range order(append([]*x509.Certificate{first}, others...), publicOf(key)) {
		made.Certificate = append(made.Certificate, c.Raw)
	}
	return made, nil
}

func pfxDER(text []byte) ([]byte, error) {
	if isDER(text) {
		return text, nil
	}
	der, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || !isDER(der) {
		return nil, errNotPFX
	}
	return der, nil
}

// boundPFX refuses to count for hours. What follows the MAC needs no such look,
// as who wrote it knew the password.
func boundPFX(der []byte, limit effort) error {
	var pfx struct {
		Version int
		Safe    asn1.RawValue
		MAC     struct {
			Digest struct {
				Algorithm pkix.AlgorithmIdentifier
				Sum       []byte
			}
			Salt       []byte
			Iterations int `asn1:"optional,default:1"`
		} `asn1:"optional"`
	}
	if unmarshal(der, &pfx) != nil {
		return errNotPFX
	}
	if pfx.MAC.Digest.Algorithm.Algorithm == nil {
		return errors.New("has no MAC, so that anybody could have changed it")
	}
	if !pfx.MAC.Digest.Algorithm.Algorithm.Equal(oidPBMAC1) {
		return limit.allows(pfx.MAC.Iterations)
	}
	var mac pbes2Params
	var kdf pbkdf2Params
	if unmarshal(pfx.MAC.Digest.Algorithm.Parameters.FullBytes, &mac) != nil ||
		unmarshal(mac.KDF.Parameters.FullBytes, &kdf) != nil {
		return errNotPFX
	}
	return limit.allows(kdf.Iterations)
}

// order returns the certificate of the key, and then whoever issued the one
// before. What issued none of them is left out.
func order(list []*x509.Certificate, public publicKey) []*x509.Certificate {
	var chain []*x509.Certificate
	next := func(fits func(*x509.Certificate) bool) bool {
		for i, c := range list {
			if c != nil && fits(c) {
				chain = append(chain, c)
				list[i] = nil
				return true
			}
		}
		return false
	}
	if !next(func(c *x509.Certificate) bool { return public != nil && public.Equal(c.PublicKey) }) {
		return list // for the check of the pair to report
	}
	for next(func(c *x509.Certificate) bool { return issued(c, chain[len(chain)-1]) == nil }) {
	}
	return chain
}
