package tlsx

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// clockSkew is how far another's clock may be ahead of ours: a list or a response
// made this very moment would otherwise be refused as one from the future.
const clockSkew = 5 * time.Minute

var (
	errCRL           = errors.New("is neither PEM nor a single revocation list in DER")
	errCRLNoEnd      = errors.New("the revocation list does not say until when it holds (nextUpdate)")
	errCRLForged     = errors.New("the revocation list is not signed by its issuer")
	errWeakSignature = errors.New("is signed with MD5 or SHA-1")
)

// crl is a revocation list that is valid in itself.
type crl struct {
	list                   *x509.RevocationList // only what its signature needs
	thisUpdate, nextUpdate time.Time
	revoked                map[string]revocation // by serial
	scope                  crlScope
	signers                signers
}

// revocation is an entry of a list, small because there are many.
type revocation struct {
	at     int64 // Unix seconds
	reason uint8
}

// serialKey makes a map key; those below zero, which are not allowed but exist,
// do not meet the others: no number begins with a zero byte.
func serialKey(n *big.Int) string {
	if n.Sign() < 0 {
		return "\x00" + string(n.Bytes())
	}
	return string(n.Bytes())
}

// readCRLs returns the lists of d: any number in PEM, or one in DER.
func readCRLs(d Data) ([]*crl, error) {
	text, err := d.read()
	if err != nil {
		return nil, err
	}
	return parseCRLs(text)
}

func parseCRLs(text []byte) ([]*crl, error) {
	blocks := [][]byte{text}
	if bytes.Contains(text, pemBegin) {
		var err error
		if blocks, err = pemBlocks(text, "X509 CRL", errNoCRL); err != nil {
			return nil, err
		}
	}
	var lists []*crl
	for i, der := range blocks {
		l, err := parseCRL(der)
		if err != nil {
			return nil, fmt.Errorf("list %d: %w", i+1, err)
		}
		lists = append(lists, l)
	}
	return lists, nil
}

func parseCRL(der []byte) (*crl, error) {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCRL, err)
	}
	if len(list.Raw) != len(der) {
		return nil, errCRL // ParseRevocationList passes over what follows
	}
	if list.NextUpdate.IsZero() {
		return nil, errCRLNoEnd
	}
	if isWeak(list.SignatureAlgorithm) {
		return nil, errWeakSignature
	}
	l := &crl{thisUpdate: list.ThisUpdate, nextUpdate: list.NextUpdate}
	if l.scope, err = parseScope(list); err != nil {
		return nil, err
	}
	if l.revoked, err = crlEntries(list); err != nil {
		return nil, err
	}
	l.list = &x509.RevocationList{
		RawIssuer: list.RawIssuer, Issuer: list.Issuer,
		// A copy: the original would keep the text with all of its entries twice.
		RawTBSRevocationList: bytes.Clone(list.RawTBSRevocationList),
		Signature:            bytes.Clone(list.Signature),
		SignatureAlgorithm:   list.SignatureAlgorithm,
	}
	return l, nil
}

func crlEntries(list *x509.RevocationList) (map[string]revocation, error) {
	all := make(map[string]revocation, len(list.RevokedCertificateEntries))
	for i := range list.RevokedCertificateEntries {
		e := &list.RevokedCertificateEntries[i]
		for _, x := range e.Extensions {
			if x.Critical {
				return nil, fmt.Errorf("the entry of %x: %w", e.SerialNumber, criticalError(x.Id))
			}
		}
		all[serialKey(e.SerialNumber)] = revocation{at: e.RevocationTime.Unix(), reason: uint8(e.ReasonCode)} //nolint:gosec // RFC 5280 has reasons up to 10
	}
	return all, nil
}

// outdated says why l does not hold at now.
func (l *crl) outdated(now time.Time) error {
	switch {
	case l.thisUpdate.After(now.Add(clockSkew)):
		return fmt.Errorf("the revocation list of %s holds only from %s on", l.list.Issuer, l.thisUpdate.UTC().Format(time.RFC3339))
	case !now.Before(l.nextUpdate):
		return fmt.Errorf("the revocation list of %s is outdated since %s", l.list.Issuer, l.nextUpdate.UTC().Format(time.RFC3339))
	}
	return nil
}

func isWeak(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}
