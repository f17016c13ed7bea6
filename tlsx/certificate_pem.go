package tlsx

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

var (
	errNotPEM      = errors.New("is not PEM")
	errNoKey       = errors.New("holds no private key in PEM")
	errSeveralKeys = errors.New("holds more than one private key")
	errNotLocked   = errors.New("is given, but the key is not encrypted")
	errLocked      = errors.New("the key is encrypted: want Password")
	errLegacy      = errors.New(`the key is encrypted as "Proc-Type: 4,ENCRYPTED", which anybody can guess at without limit: ` +
		`write it anew with "openssl pkcs8 -topk8"`)
)

// readPEM reads Chain with Key, Signer or a key in Chain.
func (l *loader) readPEM() (tls.Certificate, bool) {
	var made tls.Certificate
	var text []byte
	var ok bool
	if l.chain, text, ok = l.text(".Chain", l.cert.Chain); !ok {
		return made, false
	}
	var err error
	if made.Certificate, err = certificatesIn(text); err != nil {
		l.fail(l.chain, err)
		if l.cert.Key.IsZero() {
			return made, false // the key is in the same text, or none
		}
	}
	l.key = l.chain
	if l.cert.Signer != nil {
		l.key = source{field: l.at + ".Signer"}
		made.PrivateKey = l.cert.Signer
		return made, true
	}
	if !l.cert.Key.IsZero() {
		if l.key, text, ok = l.text(".Key", l.cert.Key); !ok {
			return made, false
		}
	}
	made.PrivateKey, ok = l.readKey(text)
	return made, ok && err == nil
}

func (l *loader) readKey(text []byte) (crypto.PrivateKey, bool) {
	password, ok := l.password()
	if !ok {
		return nil, false
	}
	key, err := keyIn(text, password)
	switch {
	case errors.Is(err, errNotLocked):
		l.fail(source{field: l.at + ".Password", value: l.cert.Password.String()}, err)
	case err != nil:
		l.fail(l.key, err)
	}
	return key, err == nil
}

// certificatesIn returns the certificates of a text in PEM, in DER.
func certificatesIn(text []byte) ([][]byte, error) {
	blocks, err := decodePEM(text)
	if err != nil {
		return nil, err
	}
	var list [][]byte
	var others []string
	for _, block := range blocks {
		if block.Type == "CERTIFICATE" {
			list = append(list, block.Bytes)
		} else {
			others = append(others, block.Type)
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case len(others) > 0:
		return nil, fmt.Errorf("%w: only %s", errNoCertificate, strings.Join(others, ", "))
	}
	return nil, errNotPEM
}

// keyIn returns the only private key of a text in PEM.
func keyIn(text, password []byte) (crypto.PrivateKey, error) {
	blocks, err := decodePEM(text)
	if err != nil {
		return nil, err
	}
	var found *pem.Block
	for _, block := range blocks {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if found != nil {
			return nil, errSeveralKeys
		}
		found = block
	}
	switch {
	case found != nil:
		return parseKey(found, password)
	case len(blocks) == 0:
		return nil, errNotPEM
	}
	return nil, errNoKey
}

func parseKey(block *pem.Block, password []byte) (crypto.PrivateKey, error) {
	if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, errLegacy
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" {
		if password == nil {
			return nil, errLocked
		}
		return decryptKey(block.Bytes, password, maxEffort)
	}
	if password != nil {
		return nil, errNotLocked
	}
	switch block.Type {
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return nil, fmt.Errorf("%q is not read: want PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY", block.Type)
}

// isDER tells DER from text: both certificates and PFX files start with a
// sequence.
func isDER(text []byte) bool { return bytes.HasPrefix(text, []byte{0x30}) }
