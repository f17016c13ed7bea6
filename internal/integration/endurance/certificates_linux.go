package main

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"time"

	"github.com/strata-net/strata/tlsx/pki"
)

// certificates are the files that the gateway and an upstream present and trust.
type certificates struct {
	dir   string
	front *pki.CA // of the gateway; clients trust it
	back  *pki.CA // of the upstream; the gateway trusts it
}

// validity is long before and after, since clocks jump.
func validity() (from, until time.Time) {
	now := time.Now()
	return now.Add(-30 * 24 * time.Hour), now.AddDate(5, 0, 0)
}

func newCA() (*pki.CA, error) {
	from, until := validity()
	return pki.New(&pki.Config{NotBefore: from, NotAfter: until})
}

// newCertificates writes the first ones.
func newCertificates(dir string) (*certificates, error) {
	c := &certificates{dir: dir}
	var err error
	if c.front, err = newCA(); err != nil {
		return nil, err
	}
	if c.back, err = newCA(); err != nil {
		return nil, err
	}
	if _, err := c.renew(); err != nil {
		return nil, err
	}
	if err := c.trust(c.back); err != nil {
		return nil, err
	}
	return c, c.renewUpstream(c.back)
}

func (c *certificates) roots() *x509.CertPool { return c.front.Pool() }

func issue(ca *pki.CA, host string) (*pki.Certificate, error) {
	from, until := validity()
	return ca.Issue(&pki.Leaf{Names: []string{host}, NotBefore: from, NotAfter: until})
}

// renew gives the gateway another certificate, and returns its number.
func (c *certificates) renew() (serial string, err error) {
	leaf, err := issue(c.front, gatewayHost)
	if err != nil {
		return "", err
	}
	_, _, err = leaf.Write(c.dir, "gateway")
	return leaf.Leaf().SerialNumber.String(), err
}

// spoil overwrites the gateway's certificate in place by what is none.
func (c *certificates) spoil() error {
	return os.WriteFile(filepath.Join(c.dir, "gateway.pem"), []byte("-----BEGIN CERTIFICATE-----\nhalf\n"), 0o600)
}

// trust makes these CAs the ones that the gateway trusts upstreams by.
func (c *certificates) trust(all ...*pki.CA) error {
	var text []byte
	for _, ca := range all {
		text = append(text, ca.PEM()...)
	}
	file := filepath.Join(c.dir, "roots.pem")
	if err := os.WriteFile(file+".next", text, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".next", file)
}

// renewUpstream gives the second upstream a certificate of a CA.
func (c *certificates) renewUpstream(ca *pki.CA) error {
	leaf, err := issue(ca, secondUpstream)
	if err != nil {
		return err
	}
	_, _, err = leaf.Write(c.dir, second)
	return err
}
