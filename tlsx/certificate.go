package tlsx

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"time"
)

var (
	errTwoSources   = errors.New("is given beside another source: want one of Chain, PKCS12 and Value")
	errTwoKeys      = errors.New("is given beside Key: want one of the two")
	errKeyElsewhere = errors.New("has no use here: PKCS12 and Value bring their key with them")
	errNoPassword   = errors.New("has no use here: only a Key, a key in Chain and PKCS12 can be encrypted")
	errEmptyValue   = errors.New("holds no certificate")
	errNoSigner     = errors.New("has a PrivateKey that is no crypto.Signer")
)

func (c *Config) checkCertificates(p *problems) {
	for i := range c.Certificates {
		cert, at := &c.Certificates[i], certificateAt(i)
		cert.checkSources(p, at)
		checkServed(p, at+".Names", cert.Names)
		checkSignatures(p, at+".Signatures", cert.Signatures, c.AllowWeak)
		if cert.Default && c.UnknownName == RefuseUnknown {
			p.add("config", at+".Default", "true", errors.New("has no use: UnknownName refuses what a default is for"))
		}
	}
	if c.UnknownName == RefuseUnknown && len(c.Certificates) == 0 {
		p.add("config", "UnknownName", c.UnknownName.String(), errors.New("needs Certificates"))
	}
}

func certificateAt(i int) string { return "Certificates[" + strconv.Itoa(i) + "]" }

// checkSources says which of the fields exclude each other.
func (cert *Certificate) checkSources(p *problems, at string) {
	text := func(field string, d Data, err error) {
		if d.IsZero() {
			return
		}
		if err == nil {
			err = d.check()
		}
		p.add("config", at+field, d.String(), err)
	}
	var chain, pfx, key, password error
	switch {
	case cert.Value != nil:
		chain, pfx, key, password = errTwoSources, errTwoSources, errKeyElsewhere, errNoPassword
	case !cert.PKCS12.IsZero():
		chain, key = errTwoSources, errKeyElsewhere
	case cert.Chain.IsZero():
		p.add("config", at+".Chain", "", errNothing)
	}
	if cert.Signer != nil {
		if key == nil {
			key = errTwoKeys
		} else {
			p.add("config", at+".Signer", "", errKeyElsewhere)
		}
		if pfx == nil && cert.PKCS12.IsZero() {
			password = errNoPassword
		}
	}
	text(".Chain", cert.Chain, chain)
	text(".PKCS12", cert.PKCS12, pfx)
	text(".Key", cert.Key, key)
	text(".Password", cert.Password, password)
}

// loadCertificates returns one for each of c.Certificates, in the same order.
func (c *Config) loadCertificates(p *problems, before *material) []tls.Certificate {
	if len(c.Certificates) == 0 {
		return nil
	}
	now := c.now()
	list := make([]tls.Certificate, len(c.Certificates))
	for i := range c.Certificates {
		l := loader{config: c, cert: &c.Certificates[i], at: certificateAt(i), now: now}
		l.inUse = func(leaf []byte) bool { return before.hasLeaf(i, leaf) }
		list[i] = l.load()
		*p = append(*p, l.problems...)
	}
	return list
}

// loader makes a tls.Certificate of what a Certificate names, and keeps which
// field the chain and the key come from.
type loader struct {
	problems

	config *Config
	cert   *Certificate
	at     string
	now    time.Time
	inUse  func(leaf []byte) bool // its time was looked at before

	chain, key source
}

// source is a field and its value, as errors show them.
type source struct{ field, value string }

func (l *loader) fail(s source, err error) { l.add("load", s.field, s.value, err) }

func (l *loader) load() tls.Certificate {
	made, ok := l.read()
	if !ok {
		return tls.Certificate{}
	}
	chain, err := parseChain(&made)
	if err != nil {
		l.fail(l.chain, err)
		return tls.Certificate{}
	}
	made.Leaf = chain[0]
	l.checkPair(&made, chain)
	if len(l.cert.Signatures) > 0 {
		made.SupportedSignatureAlgorithms = l.cert.Signatures
	}
	if len(l.problems) == 0 {
		l.checkSchemes(&made)
	}
	return made
}

// read returns chain and key as they are, without a look at whether they fit.
func (l *loader) read() (tls.Certificate, bool) {
	switch cert := l.cert; {
	case cert.Value != nil:
		return l.readValue()
	case !cert.PKCS12.IsZero():
		return l.readPKCS12()
	default:
		return l.readPEM()
	}
}

func (l *loader) readValue() (tls.Certificate, bool) {
	l.chain = source{field: l.at + ".Value"}
	l.key = l.chain
	made := *l.cert.Value
	if len(made.Certificate) == 0 {
		l.fail(l.chain, errEmptyValue)
	}
	if _, ok := made.PrivateKey.(crypto.Signer); !ok {
		l.fail(l.chain, errNoSigner)
	}
	return made, len(l.problems) == 0
}

// text reads a Data of the certificate.
func (l *loader) text(field string, d Data) (source, []byte, bool) {
	s := source{field: l.at + field, value: d.String()}
	text, err := d.read()
	if err != nil {
		l.fail(s, err)
	}
	return s, text, err == nil
}

// password returns nil if there is none.
func (l *loader) password() ([]byte, bool) {
	if l.cert.Password.IsZero() {
		return nil, true
	}
	s, text, ok := l.text(".Password", l.cert.Password)
	if !ok {
		return nil, false
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) == 0 {
		l.fail(s, errors.New("is empty"))
	}
	return text, len(text) > 0
}

// parseChain parses each certificate once, and the leaf not at all if that was
// done already.
func parseChain(made *tls.Certificate) ([]*x509.Certificate, error) {
	chain := make([]*x509.Certificate, len(made.Certificate))
	for i, der := range made.Certificate {
		if i == 0 && made.Leaf != nil && bytes.Equal(made.Leaf.Raw, der) {
			chain[0] = made.Leaf
			continue
		}
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		chain[i] = parsed
	}
	return chain, nil
}
