package tlsx

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
)

// material is what a Config's files, variables and texts say at one moment.
type material struct {
	certificates     []tls.Certificate // one for each of Config.Certificates, with its Leaf
	roots, clientCAs *x509.CertPool    // nil: the system's, none
	crls             crls
	ticketKeys       []ticketKey // nil: crypto/tls makes its own
	echConfigs       []byte      // an ECHConfigList
	echKeys          []tls.EncryptedClientHelloKey
}

// clone copies all that a caller could change later.
func (c *Config) clone() *Config {
	d := *c
	d.Certificates = slices.Clone(c.Certificates)
	d.Roots.From = slices.Clone(c.Roots.From)
	d.ClientCAs.From = slices.Clone(c.ClientCAs.From)
	d.Peer.Names = slices.Clone(c.Peer.Names)
	d.Peer.Pins = slices.Clone(c.Peer.Pins)
	d.Peer.CRLs = slices.Clone(c.Peer.CRLs)
	d.CipherSuites = slices.Clone(c.CipherSuites)
	d.Curves = slices.Clone(c.Curves)
	d.ALPN = slices.Clone(c.ALPN)
	d.Tickets.Keys = slices.Clone(c.Tickets.Keys)
	d.ECH.Keys = slices.Clone(c.ECH.Keys)
	for i := range d.Certificates {
		d.Certificates[i].Names = slices.Clone(c.Certificates[i].Names)
		d.Certificates[i].Signatures = slices.Clone(c.Certificates[i].Signatures)
		if value := c.Certificates[i].Value; value != nil {
			kept := *value
			kept.Certificate = slices.Clone(value.Certificate)
			kept.SupportedSignatureAlgorithms = slices.Clone(value.SupportedSignatureAlgorithms)
			kept.OCSPStaple = slices.Clone(value.OCSPStaple)
			kept.SignedCertificateTimestamps = slices.Clone(value.SignedCertificateTimestamps)
			d.Certificates[i].Value = &kept
		}
	}
	return &d
}

// load reads everything; the error joins what is wrong. What before has too, if
// it is not nil, may have become outdated: one certificate that nobody renews
// must not keep all others from being renewed.
func (c *Config) load(before *material) (*material, error) {
	var p problems
	m := &material{}
	m.certificates = c.loadCertificates(&p, before)
	c.loadTrust(&p, m, before)
	m.ticketKeys = c.Tickets.load(&p)
	m.echConfigs = c.ECH.loadConfigs(&p)
	m.echKeys = c.ECH.loadKeys(&p)
	c.openKeyLog(&p)
	return m, errors.Join(p...)
}

// build returns the config that m makes.
func (c *Config) build(m *material) (*tls.Config, error) {
	t := &tls.Config{
		ClientAuth: c.ClientAuth,
		ServerName: c.ServerName,
		MaxVersion: c.MaxVersion,
		NextProtos: slices.Clone(c.ALPN),
		Time:       c.Time,
	}
	c.protocol().apply(t)
	newChoice(c, m.certificates).apply(t)
	c.verifyPeers(t, m)
	c.dropStaples(t, m)
	c.resume(t, m.ticketKeys)
	m.encryptHello(t)
	c.logKeys(t)
	return t, nil
}

// hasLeaf reports whether certificate i has the leaf, in DER.
func (m *material) hasLeaf(i int, leaf []byte) bool {
	return m != nil && bytes.Equal(m.certificates[i].Certificate[0], leaf)
}

// hasStaple reports whether certificate i has the response.
func (m *material) hasStaple(i int, cert *tls.Certificate) bool {
	return m.hasLeaf(i, cert.Certificate[0]) && bytes.Equal(m.certificates[i].OCSPStaple, cert.OCSPStaple)
}

// hasCRL reports whether the list is among the revocation lists.
func (m *material) hasCRL(l *crl) bool {
	return m != nil && slices.ContainsFunc(m.crls[string(l.list.RawIssuer)], func(o *crl) bool {
		return bytes.Equal(o.list.RawTBSRevocationList, l.list.RawTBSRevocationList)
	})
}
