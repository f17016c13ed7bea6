package tlsx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"
	"time"
)

// SetSystemPool replaces where the system's CAs come from until the test ends.
func SetSystemPool(t *testing.T, pool func() (*x509.CertPool, error)) {
	before := systemPool
	systemPool = pool
	t.Cleanup(func() { systemPool = before })
}

// HasName reports whether a certificate has a name in the form of Peer.Names.
func HasName(s string, cert *x509.Certificate) (bool, error) {
	n, err := parseName(s)
	return err == nil && n.in(cert), err
}

func ParseCRLs(text []byte) (int, error) {
	lists, err := parseCRLs(text)
	return len(lists), err
}

func ParsePin(s string) (string, error) {
	p, err := parsePin(s)
	return p.String(), err
}

func PEMBlocks(text []byte, kind string) ([][]byte, error) {
	return pemBlocks(text, kind, errNoCertificate)
}

func CheckOCSP(der []byte, leaf, issuer *x509.Certificate, now time.Time) error {
	_, err := checkOCSP(der, leaf, issuer, now)
	return err
}

// VerifyServer is verifyServer of what cfg says.
func VerifyServer(cfg *Config) (func(tls.ConnectionState) error, error) {
	c, m, err := loaded(cfg)
	if err != nil {
		return nil, err
	}
	return c.verifier(m).verifyServer, nil
}

func loaded(cfg *Config) (*Config, *material, error) {
	c := cfg.clone()
	m, err := c.load(nil)
	return c, m, err
}

func FIPSChains(chains [][]*x509.Certificate) ([][]*x509.Certificate, error) {
	return fipsChains(chains)
}

// Staplers is a set with its certificates.
type Staplers struct {
	set   *staplers
	found stapled
	Certs []tls.Certificate
}

func NewStaplers(cfg *Config, client *http.Client, tell func(error)) (*Staplers, error) {
	c, m, err := loaded(cfg)
	if err != nil {
		return nil, err
	}
	set := newStaplers(c, tell)
	if client != nil {
		set.client = client
	}
	return &Staplers{set: set, Certs: m.certificates}, nil
}

// Follow is what a reload does: after an error all is as it was.
func (s *Staplers) Follow(ctx context.Context) error {
	found, err := s.set.follow(ctx, s.Certs)
	if err == nil {
		s.found = found
	}
	return err
}

func (s *Staplers) Add(cert *tls.Certificate) *tls.Certificate { return s.found.add(cert) }

func (s *Staplers) Running() int { return len(s.set.running) }

func (s *Staplers) Close() { s.set.close() }

func OCSPQuestion(leaf, issuer *x509.Certificate) ([]byte, error) { return ocspQuestion(leaf, issuer) }
