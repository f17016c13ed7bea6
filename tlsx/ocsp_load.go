package tlsx

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

var (
	errNoIssuer    = errors.New("the chain holds no certificate of the issuer: want it second in Chain, or in OCSP.Issuer")
	errNotIssuer   = errors.New("did not issue the certificate")
	errOneIssuer   = errors.New("holds more than one certificate")
	errIssuerOnly  = errors.New("has no effect without Response or Fetch")
	errNoResponder = errors.New("the certificate names no OCSP responder (over http or https)")
	errPromised    = errors.New("is empty, but the certificate promises a staple (RFC 7633), and peers refuse it without: want Response or Fetch")
)

func (c *Config) checkStaples(p *problems, source bool) {
	for i := range c.Certificates {
		o, at := &c.Certificates[i].OCSP, certificateAt(i)+".OCSP"
		if !o.Response.IsZero() {
			p.add("config", at+".Response", o.Response.String(), o.Response.check())
		}
		if !o.Issuer.IsZero() {
			p.add("config", at+".Issuer", o.Issuer.String(), o.Issuer.check())
			if o.Response.IsZero() && !o.Fetch {
				p.add("config", at+".Issuer", o.Issuer.String(), errIssuerOnly)
			}
		}
		if o.Fetch && !source {
			p.add("config", at+".Fetch", "true", errNotSource)
		}
	}
}

// loadStaples puts the responses beside the certificates, which are in the
// order of c.Certificates; one that could not be loaded is empty.
func (c *Config) loadStaples(p *problems, certs []tls.Certificate, before *material) {
	for i := range certs {
		o, at := &c.Certificates[i].OCSP, certificateAt(i)+".OCSP"
		if len(certs[i].Certificate) == 0 {
			continue
		}
		if o.Response.IsZero() && !o.Fetch {
			if len(certs[i].OCSPStaple) == 0 && mustStaple(certs[i].Leaf) {
				p.add("load", at, "", errPromised)
			}
			continue
		}
		leaf, issuer, err := o.pair(&certs[i])
		if err != nil {
			p.add("load", at+".Issuer", o.Issuer.String(), err)
			continue
		}
		if o.Fetch && len(responders(leaf)) == 0 {
			p.add("load", at+".Fetch", "true", errNoResponder)
		}
		if o.Response.IsZero() {
			continue
		}
		certs[i].OCSPStaple, err = o.Response.read()
		if err == nil && !before.hasStaple(i, &certs[i]) {
			_, err = checkOCSP(certs[i].OCSPStaple, leaf, issuer, c.now())
		}
		p.add("load", at+".Response", o.Response.String(), err)
	}
}

// pair returns the certificate and its issuer's.
func (o *OCSP) pair(cert *tls.Certificate) (leaf, issuer *x509.Certificate, err error) {
	if leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
		return nil, nil, err
	}
	switch {
	case !o.Issuer.IsZero():
		issuer, err = o.readIssuer()
	case len(cert.Certificate) > 1:
		issuer, err = x509.ParseCertificate(cert.Certificate[1])
	default:
		err = errNoIssuer
	}
	if err != nil {
		return nil, nil, err
	}
	if err := leaf.CheckSignatureFrom(issuer); err != nil {
		return nil, nil, fmt.Errorf("%s %w: %w", issuer.Subject, errNotIssuer, err)
	}
	return leaf, issuer, nil
}

func (o *OCSP) readIssuer() (*x509.Certificate, error) {
	certs, err := readCAs(o.Issuer)
	if err == nil && len(certs) > 1 {
		err = errOneIssuer
	}
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}
