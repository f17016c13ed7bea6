package acme

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"time"
)

const (
	accountFile = "account.key"
	// skew is how far the CA's clock may be ahead of ours.
	skew = 5 * time.Minute
)

var (
	errNoKey    = errors.New("holds no EC private key in PEM")
	errOutdated = errors.New("certificate is expired or not yet valid")
)

// cache is the folder with what one CA gave.
type cache struct{ dir string }

// openCache makes the folder, with one in it for the directory: what a staging CA
// gave must never be served as the real one's.
func openCache(folder, directory string) (cache, error) {
	sum := sha256.Sum256([]byte(directory))
	c := cache{filepath.Join(folder, hex.EncodeToString(sum[:8]))}
	return c, os.MkdirAll(c.dir, 0o700)
}

// accountKey reads the account's key, or makes and keeps a new one.
func (c cache) accountKey() (*ecdsa.PrivateKey, error) {
	path := filepath.Join(c.dir, accountFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return c.newAccountKey()
	}
	if err != nil {
		return nil, err
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, &os.PathError{Op: "parse", Path: path, Err: err}
	}
	return key, nil
}

func (c cache) newAccountKey() (*ecdsa.PrivateKey, error) {
	key, err := newKey()
	var text []byte
	if err == nil {
		text, err = keyPEM(key)
	}
	if err == nil {
		err = c.write(accountFile, text)
	}
	return key, err
}

// certificate reads what is kept for a host. It fails with [os.ErrNotExist] if
// nothing is.
func (c cache) certificate(host string, now time.Time) (*tls.Certificate, error) {
	path := filepath.Join(c.dir, host+".pem")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(text, text)
	if err == nil {
		err = check(cert.Leaf, host, now)
	}
	if err != nil {
		return nil, &os.PathError{Op: "parse", Path: path, Err: err}
	}
	return &cert, nil
}

// check says why cert is of no use for host.
func check(leaf *x509.Certificate, host string, now time.Time) error {
	if now.Add(skew).Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return errOutdated
	}
	return leaf.VerifyHostname(host)
}

// keep writes a certificate with its key.
func (c cache) keep(host string, cert *tls.Certificate, key *ecdsa.PrivateKey) error {
	text, err := keyPEM(key)
	b := bytes.NewBuffer(text)
	for _, der := range cert.Certificate {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	if err == nil {
		err = c.write(host+".pem", b.Bytes())
	}
	return err
}

// write replaces a file at once, with mode 0600.
func (c cache) write(name string, text []byte) error {
	f, err := os.CreateTemp(c.dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(c.dir, name))
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func keyPEM(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

func parseKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errNoKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errNoKey
	}
	return key, nil
}
