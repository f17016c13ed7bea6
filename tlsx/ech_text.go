package tlsx

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// The types of the PEM blocks of RFC 9934.
const (
	privateKeyBlock = "PRIVATE KEY"
	echConfigBlock  = "ECHCONFIG"
)

var (
	errECHText     = errors.New("is no ECHConfigList: neither raw, nor base64, nor PEM (ECHCONFIG)")
	errECHHasKey   = errors.New("holds a PRIVATE KEY, which clients must not have: want the ECHCONFIG only")
	errECHBlocks   = errors.New("want one PRIVATE KEY and one ECHCONFIG in PEM (RFC 9934)")
	errECHKeyKind  = errors.New("private key is none for ECH: want X25519, P-256, P-384 or P-521")
	errECHMismatch = errors.New("is not of the private key")
)

// parseECHConfigs returns the ECHConfigList that text is or holds, if there is a
// config in it that crypto/tls can use.
func parseECHConfigs(text []byte) ([]byte, error) {
	list, err := echList(text)
	if err != nil {
		return nil, err
	}
	configs, err := parseECHList(list)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, c := range configs {
		err := c.usable()
		if err == nil {
			return list, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// echList finds out which form text has. A raw list starts with its own length.
func echList(text []byte) ([]byte, error) {
	if len(text) > 2 && int(text[0])<<8|int(text[1]) == len(text)-2 {
		return text, nil
	}
	if bytes.Contains(text, pemBegin) {
		key, list, err := echBlocks(text)
		if err == nil && key != nil {
			err = errECHHasKey
		}
		return list, err
	}
	line := strings.Join(strings.Fields(string(text)), "")
	list, err := base64.StdEncoding.DecodeString(line)
	if err != nil || len(list) == 0 {
		return nil, errECHText
	}
	return list, nil
}

// echBlocks returns what the PEM blocks of text hold: at most one key, nil if it
// is not there, and one list.
func echBlocks(text []byte) (key, list []byte, err error) {
	whole := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		whole++
		switch {
		case block.Type == privateKeyBlock && key == nil:
			key = block.Bytes
		case block.Type == echConfigBlock && list == nil:
			list = block.Bytes
		default:
			return nil, nil, fmt.Errorf("has a %q: %w", block.Type, errECHBlocks)
		}
	}
	if bytes.Count(text, pemBegin) != whole {
		return nil, nil, errBrokenBlock // which pem.Decode passes over
	}
	if list == nil {
		return nil, nil, errECHBlocks
	}
	return key, list, nil
}

// parseECHKeys returns the key of text with each config of it.
func parseECHKeys(text []byte) ([]tls.EncryptedClientHelloKey, error) {
	der, list, err := echBlocks(text)
	if err != nil {
		return nil, err
	}
	if der == nil {
		return nil, errECHBlocks
	}
	key, err := parseECHPrivateKey(der)
	if err != nil {
		return nil, err
	}
	private, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	configs, err := parseECHList(list)
	if err != nil {
		return nil, err
	}
	keys := make([]tls.EncryptedClientHelloKey, 0, len(configs))
	for _, c := range configs {
		if err := c.serves(key); err != nil {
			return nil, err
		}
		keys = append(keys, tls.EncryptedClientHelloKey{Config: c.raw, PrivateKey: private})
	}
	return keys, nil
}

// serves says why a server with key cannot use c.
func (c *echConfig) serves(key hpke.PrivateKey) error {
	if err := c.usable(); err != nil {
		return err
	}
	if c.kem != key.KEM().ID() || !bytes.Equal(c.publicKey, key.PublicKey().Bytes()) {
		return fmt.Errorf("%s: %w", c, errECHMismatch)
	}
	return nil
}

func parseECHPrivateKey(der []byte) (hpke.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	if signs, ok := parsed.(interface {
		ECDH() (*ecdh.PrivateKey, error)
	}); ok { // P-256 and its like
		if parsed, err = signs.ECDH(); err != nil {
			return nil, errECHKeyKind // P-224
		}
	}
	key, ok := parsed.(*ecdh.PrivateKey)
	if !ok {
		return nil, errECHKeyKind
	}
	return hpke.NewDHKEMPrivateKey(key)
}
