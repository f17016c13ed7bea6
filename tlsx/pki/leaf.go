package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"
)

// Leaf is what a certificate says. It needs a name or a common name; all else
// may be zero.
type Leaf struct {
	// Names are those that the certificate is valid for, by their form: IP
	// addresses ("::1"), URIs (anything else with a colon:
	// "spiffe://example.org/api"), e-mail addresses (with an "@"), and DNS names
	// in ASCII ("*.example.com").
	Names []string
	// CommonName is that of the subject, up to 64 bytes. "": the first of Names,
	// or no subject if that is longer.
	CommonName string
	// Client and Server say what the certificate is for. Neither: for both.
	Client, Server bool
	// Key is the kind of its key.
	Key KeyType
	// NotBefore and NotAfter bound its validity, to the second, in the years
	// 1950 to 9999. Zero: since an hour ago, so that clocks may differ, and for
	// 90 days. The default of the one moves where the other one needs it: a
	// NotAfter in the past is all that an expired certificate takes.
	NotBefore, NotAfter time.Time
	// OCSPServer and CRLServer are the http or https URLs where whoever
	// verifies finds out whether the certificate was revoked. "": none.
	OCSPServer, CRLServer string
	// MustStaple says that a server has to staple an OCSP response (RFC 7633).
	MustStaple bool
}

// mustStaple is the TLS feature extension with status_request (5) in it.
var mustStaple = pkix.Extension{
	Id:    asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24},
	Value: []byte{0x30, 0x03, 0x02, 0x01, 0x05},
}

// Issue makes a key and a certificate for it as l says. What is wrong with l
// comes back as one error that joins an *[Error] for each field.
func (ca *CA) Issue(l *Leaf) (*Certificate, error) {
	if l == nil {
		l = &Leaf{}
	}
	p := &problems{op: "issue"}
	template := l.template(p)
	if err := p.err(); err != nil {
		return nil, err
	}
	cert, key, err := sign(ca, template, l.Key)
	var pkcs8 []byte
	if err == nil {
		pkcs8, err = x509.MarshalPKCS8PrivateKey(key)
	}
	if err != nil {
		return nil, &Error{Op: p.op, Err: err}
	}
	chain := append([][]byte{cert.Raw}, ca.chain()...)
	return &Certificate{issuer: ca, leaf: cert, key: key, pkcs8: pkcs8, chain: chain}, nil
}

func (l *Leaf) template(p *problems) *x509.Certificate {
	t := &x509.Certificate{
		KeyUsage:              l.Key.usage(),
		ExtKeyUsage:           l.purposes(),
		BasicConstraintsValid: true,
	}
	l.addNames(p, t)
	p.add("Key", l.Key.String(), l.Key.check())
	t.NotBefore, t.NotAfter = validity(p, l.NotBefore, l.NotAfter, leafLife)
	p.add("OCSPServer", l.OCSPServer, checkServer(l.OCSPServer))
	if l.OCSPServer != "" {
		t.OCSPServer = []string{l.OCSPServer}
	}
	p.add("CRLServer", l.CRLServer, checkServer(l.CRLServer))
	if l.CRLServer != "" {
		t.CRLDistributionPoints = []string{l.CRLServer}
	}
	if l.MustStaple {
		t.ExtraExtensions = []pkix.Extension{mustStaple}
	}
	return t
}

func (l *Leaf) addNames(p *problems, t *x509.Certificate) {
	for i, name := range l.Names {
		p.add(fmt.Sprintf("Names[%d]", i), name, addName(t, name))
	}
	p.add("CommonName", l.CommonName, checkCommonName(l.CommonName))
	t.Subject.CommonName = l.CommonName
	switch {
	case l.CommonName != "":
	case len(l.Names) == 0:
		p.add("Names", "", errNameless)
	case len(l.Names[0]) <= maxCommonName:
		t.Subject.CommonName = l.Names[0]
	}
}

func (l *Leaf) purposes() []x509.ExtKeyUsage {
	var purposes []x509.ExtKeyUsage
	if l.Server || !l.Client {
		purposes = append(purposes, x509.ExtKeyUsageServerAuth)
	}
	if l.Client || !l.Server {
		purposes = append(purposes, x509.ExtKeyUsageClientAuth)
	}
	return purposes
}
