package tlsx

import (
	"crypto/x509"
	"errors"
	"fmt"
)

var (
	errNotCA   = errors.New("is no CA")
	errNotSign = errors.New("its key usage does not allow it to sign certificates")
)

func (c *Config) checkTrust(p *problems, source bool) {
	c.Roots.check(p, "Roots")
	c.ClientCAs.check(p, "ClientCAs")
	c.checkClientAuth(p)
	c.checkPeer(p)
	c.checkStaples(p, source)
}

// loadTrust reads what peers are verified by.
func (c *Config) loadTrust(p *problems, m, before *material) {
	var roots, clientCAs []*x509.Certificate
	m.roots, roots = c.Roots.load(p, "Roots")
	m.clientCAs, clientCAs = c.ClientCAs.load(p, "ClientCAs")
	m.crls = c.loadCRLs(p, append(roots, clientCAs...), before)
	c.loadStaples(p, m.certificates, before)
}

// isZero reports whether s names no CA at all.
func (s *CAs) isZero() bool { return len(s.From) == 0 && !s.System }

func (s *CAs) check(p *problems, field string) {
	for i, d := range s.From {
		p.add("config", fmt.Sprintf("%s.From[%d]", field, i), d.String(), d.check())
	}
}

// load returns exactly what s names, and the certificates in From. The pool is
// nil if s names nothing or the system's alone: crypto/tls then takes the
// system's without a copy of its hundred certificates.
func (s *CAs) load(p *problems, field string) (*x509.CertPool, []*x509.Certificate) {
	if len(s.From) == 0 {
		return nil, nil
	}
	pool := s.start(p, field)
	var all []*x509.Certificate
	for i, d := range s.From {
		certs, err := readCAs(d)
		p.add("load", fmt.Sprintf("%s.From[%d]", field, i), d.String(), err)
		for _, cert := range certs {
			pool.AddCert(cert)
		}
		all = append(all, certs...)
	}
	return pool, all
}

// start returns the pool that From is added to: an empty one or a copy of the
// system's.
func (s *CAs) start(p *problems, field string) *x509.CertPool {
	if !s.System {
		return x509.NewCertPool()
	}
	pool, err := systemPool()
	if err != nil {
		p.add("load", field+".System", "", err)
		return x509.NewCertPool()
	}
	return pool
}

// systemPool is a variable for the tests: a system without CAs is hard to come by.
var systemPool = x509.SystemCertPool

// readCAs returns the certificates of d, which must all be those of CAs.
func readCAs(d Data) ([]*x509.Certificate, error) {
	text, err := d.read()
	if err != nil {
		return nil, err
	}
	blocks, err := pemBlocks(text, "CERTIFICATE", errNoCertificate)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	var all []error
	for i, der := range blocks {
		cert, err := parseCA(der)
		if err != nil {
			all = append(all, fmt.Errorf("certificate %d: %w", i+1, err))
			continue
		}
		certs = append(certs, cert)
	}
	return certs, errors.Join(all...)
}

// parseCA refuses what could never verify anything: crypto/x509 would take a
// leaf as a root, and then nothing but that leaf is verified by it.
func parseCA(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if !cert.BasicConstraintsValid || !cert.IsCA {
		return nil, fmt.Errorf("%s %w", cert.Subject, errNotCA)
	}
	if cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil, fmt.Errorf("%s: %w", cert.Subject, errNotSign)
	}
	return cert, nil
}
