package pki

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"sync"
	"time"
)

// crlLife is how long a list is good for.
const crlLife = 7 * 24 * time.Hour

var errForeign = errors.New("was not issued by this CA")

// revocations are the certificates that a CA took back.
type revocations struct {
	mu      sync.Mutex
	entries []x509.RevocationListEntry
	foreign []error
	number  int64
}

// Revoke puts c on the list of ca. If another CA issued c, CRL says so from then
// on.
func (ca *CA) Revoke(c *Certificate) {
	if c == nil {
		ca.revoke(nil, nil)
		return
	}
	ca.revoke(c.leaf, c.issuer)
}

// RevokeIntermediate puts the certificate of sub on the list of ca, as Revoke
// does.
func (ca *CA) RevokeIntermediate(sub *CA) {
	if sub == nil {
		ca.revoke(nil, nil)
		return
	}
	ca.revoke(sub.cert, sub.issuer)
}

func (ca *CA) revoke(cert *x509.Certificate, issuer *CA) {
	ca.list.mu.Lock()
	defer ca.list.mu.Unlock()
	if issuer != ca {
		name := "nil"
		if cert != nil {
			name = cert.Subject.String()
		}
		ca.list.foreign = append(ca.list.foreign, &Error{Op: "revoke", Field: "certificate", Value: name, Err: errForeign})
		return
	}
	known := func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(cert.SerialNumber) == 0 }
	if !slices.ContainsFunc(ca.list.entries, known) {
		entry := x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: time.Now().UTC()}
		ca.list.entries = append(ca.list.entries, entry)
	}
}

// CRL returns the current list of the certificates that ca revoked, in PEM: of
// an hour ago, so that clocks may differ, and good for a week. The error joins
// what Revoke was given in vain.
func (ca *CA) CRL() ([]byte, error) {
	ca.list.mu.Lock()
	defer ca.list.mu.Unlock()
	if len(ca.list.foreign) != 0 {
		return nil, errors.Join(ca.list.foreign...)
	}
	ca.list.number++
	now := time.Now().UTC()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		RevokedCertificateEntries: ca.list.entries,
		Number:                    big.NewInt(ca.list.number),
		ThisUpdate:                now.Add(-skew),
		NextUpdate:                now.Add(crlLife),
	}, ca.cert, ca.key)
	if err != nil {
		return nil, &Error{Op: "crl", Err: err}
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), nil
}
