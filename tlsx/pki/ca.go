package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"time"
)

// Config is how a CA is made. The zero value is fine.
type Config struct {
	// Name is the common name, up to 64 bytes. "": one that no other CA has.
	Name string
	// Key is the kind of its key.
	Key KeyType
	// NotBefore and NotAfter bound its validity, to the second, in the years
	// 1950 to 9999. Zero: since an hour ago, so that clocks may differ, and for
	// ten years. The default of the one moves where the other one needs it. A
	// certificate may outlive its CA.
	NotBefore, NotAfter time.Time

	_ []struct{} // not comparable, so that a later field breaks nobody
}

// CA is a certificate authority. It is safe for concurrent use.
type CA struct {
	issuer *CA // nil: a root
	cert   *x509.Certificate
	key    crypto.Signer
	list   revocations
}

// New makes a root; nil is the zero Config. What is wrong with cfg comes back as
// one error that joins an *[Error] for each field.
func New(cfg *Config) (*CA, error) { return newCA("new", nil, cfg) }

// Intermediate makes a CA whose certificate ca signs; nil is the zero Config.
func (ca *CA) Intermediate(cfg *Config) (*CA, error) { return newCA("intermediate", ca, cfg) }

func newCA(op string, issuer *CA, cfg *Config) (*CA, error) {
	if cfg == nil {
		cfg = &Config{}
	}
	p := &problems{op: op}
	template := cfg.template(p)
	if err := p.err(); err != nil {
		return nil, err
	}
	cert, key, err := sign(issuer, template, cfg.Key)
	if err != nil {
		return nil, &Error{Op: op, Err: err}
	}
	return &CA{issuer: issuer, cert: cert, key: key}, nil
}

func (c *Config) template(p *problems) *x509.Certificate {
	name := c.Name
	if name == "" {
		name = "Strata test CA " + rand.Text()[:8]
	}
	p.add("Name", name, checkCommonName(name))
	p.add("Key", c.Key.String(), c.Key.check())
	from, until := validity(p, c.NotBefore, c.NotAfter, caLife)
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             from,
		NotAfter:              until,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
}

// sign makes a key and a certificate for it that issuer signs, or the key
// itself if issuer is nil. The serial number is random: x509 makes it.
func sign(issuer *CA, template *x509.Certificate, kind KeyType) (cert *x509.Certificate, key crypto.Signer, err error) {
	if key, err = kind.generate(); err != nil {
		return nil, nil, err
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err == nil {
		cert, err = x509.ParseCertificate(der)
	}
	return cert, key, err
}

// Certificate returns the certificate of ca. It must not be changed.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// Signer returns the private key of ca, to sign OCSP responses for instance.
func (ca *CA) Signer() crypto.Signer { return ca.key }

// Root returns the CA at the top: ca itself if it is a root.
func (ca *CA) Root() *CA {
	for ca.issuer != nil {
		ca = ca.issuer
	}
	return ca
}

// Pool returns a new pool of what verifies the certificates of ca: the
// certificate of its root.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Root().cert)
	return pool
}

// PEM returns what Pool holds, in PEM.
func (ca *CA) PEM() []byte { return certPEM(ca.Root().cert.Raw) }

// chain returns the certificates from ca to below its root, in DER.
func (ca *CA) chain() [][]byte {
	var chain [][]byte
	for ; ca.issuer != nil; ca = ca.issuer {
		chain = append(chain, ca.cert.Raw)
	}
	return chain
}
