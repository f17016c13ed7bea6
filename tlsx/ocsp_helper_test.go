package tlsx_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// answer is a response of ca about a serial number: good for an hour, but for change.
func answer(t testing.TB, ca *pki.CA, serial *big.Int, change func(*ocsp.Response)) []byte {
	t.Helper()
	return answerBy(t, ca.Certificate(), ca.Certificate(), ca.Signer(), serial, change)
}

func answerBy(t testing.TB, issuer, responder *x509.Certificate, key crypto.Signer, serial *big.Int, change func(*ocsp.Response)) []byte {
	t.Helper()
	r := ocsp.Response{
		SerialNumber: serial, Status: ocsp.Good,
		ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(&r)
	}
	der, err := ocsp.CreateResponse(issuer, responder, r, key)
	require.NoError(t, err)
	return der
}

func revokedResponse(r *ocsp.Response) {
	r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, time.Now().Add(-time.Minute), ocsp.KeyCompromise
}

// stapling is a server with a certificate and a response.
func stapling(c *pki.Certificate, der []byte) *tls.Config {
	value := c.TLS()
	value.OCSPStaple = der
	return &tls.Config{Certificates: []tls.Certificate{value}}
}

func asRevoked(err error, to **tlsx.RevokedError) bool { return errors.As(err, to) }
