package tlsx

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

var errNoList = errors.New("its issuer has no revocation list in Peer.CRLs")

// crls are lists by the name of their issuer, in DER.
type crls map[string][]*crl

// loadCRLs reads the lists and holds them against the CAs that are known
// already. The issuer of a list that is an intermediate comes with a peer's
// chain: then the signature is checked at the first handshake.
func (c *Config) loadCRLs(p *problems, known []*x509.Certificate, before *material) crls {
	var set crls
	for i, d := range c.Peer.CRLs {
		lists, err := readCRLs(d)
		for _, l := range lists {
			err = errors.Join(err, l.signedByAny(known))
			if !before.hasCRL(l) {
				err = errors.Join(err, l.outdated(c.now()))
			}
			if set == nil {
				set = make(crls)
			}
			issuer := string(l.list.RawIssuer)
			set[issuer] = append(set[issuer], l)
		}
		p.add("load", fmt.Sprintf("Peer.CRLs[%d]", i), d.String(), err)
	}
	return set
}

// signedByAny is nil if one of the CAs of the issuer's name signed l, or none
// has that name.
func (l *crl) signedByAny(known []*x509.Certificate) error {
	var err error
	for _, ca := range known {
		if string(ca.RawSubject) != string(l.list.RawIssuer) {
			continue
		}
		cause := l.signers.check(l.list, ca)
		if cause == nil {
			return nil
		}
		err = fmt.Errorf("%w %s: %w", errCRLForged, l.list.Issuer, cause)
	}
	return err
}

// checkChain looks up each certificate but the root.
func (s crls) checkChain(chain []*x509.Certificate, all bool, now time.Time) error {
	for i, cert := range chain[:len(chain)-1] {
		covered, err := s.check(cert, chain[i+1], now)
		if err != nil {
			return err
		}
		if all && !covered {
			return &StatusError{Subject: cert.Subject.String(), Err: errNoList}
		}
	}
	return nil
}

// check reports whether a valid list of the issuer covers cert, which is an
// error if it is revoked.
func (s crls) check(cert, issuer *x509.Certificate, now time.Time) (covered bool, err error) {
	lists := s[string(issuer.RawSubject)]
	var forged error
	signed := false
	for _, l := range lists {
		if cause := l.signers.check(l.list, issuer); cause != nil {
			forged = cause // perhaps by the same CA's other key
			continue
		}
		signed = true
		if err := l.lookup(cert); err != nil {
			return false, err
		}
		if !l.scope.covers(cert) {
			continue
		}
		if err := l.outdated(now); err != nil {
			return false, &StatusError{Subject: cert.Subject.String(), Err: err}
		}
		covered = true
	}
	if !signed && forged != nil {
		return false, &StatusError{Subject: cert.Subject.String(), Err: fmt.Errorf("%w: %w", errCRLForged, forged)}
	}
	return covered, nil
}

// lookup also counts in a list that is outdated or of another scope: what it
// says of a serial number holds.
func (l *crl) lookup(cert *x509.Certificate) error {
	e, ok := l.revoked[serialKey(cert.SerialNumber)]
	if !ok {
		return nil
	}
	return &RevokedError{
		Subject: cert.Subject.String(), Issuer: cert.Issuer.String(), Serial: cert.SerialNumber,
		Time: time.Unix(e.at, 0), Reason: int(e.reason), Source: "CRL",
	}
}
