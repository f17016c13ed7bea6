package tlsx_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

var bothVersions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// authorities are a root, an intermediate, and another root.
type authorities struct{ root, inter, other *pki.CA }

func newAuthorities(t *testing.T) *authorities {
	t.Helper()
	a := &authorities{root: rootCA(t, nil), other: rootCA(t, nil)}
	var err error
	a.inter, err = a.root.Intermediate(nil)
	require.NoError(t, err)
	return a
}

func rootCA(t *testing.T, cfg *pki.Config) *pki.CA {
	t.Helper()
	ca, err := pki.New(cfg)
	require.NoError(t, err)
	return ca
}

func certFor(t *testing.T, ca *pki.CA, l *pki.Leaf) *pki.Certificate {
	t.Helper()
	c, err := ca.Issue(l)
	require.NoError(t, err)
	return c
}

// presenting is a certificate of a Config.
func presenting(c *pki.Certificate) []tlsx.Certificate {
	value := c.TLS()
	return []tlsx.Certificate{{Value: &value}}
}

// cas is a set with the root of ca alone.
func cas(ca *pki.CA) tlsx.CAs {
	return tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}}
}

// config makes one that has to be possible.
func config(t *testing.T, c *tlsx.Config) *tls.Config {
	t.Helper()
	made, err := tlsx.New(c)
	require.NoError(t, err)
	return made
}

// meeting is what both sides know after a handshake and a byte.
type meeting struct {
	client, server           tls.ConnectionState
	clientError, serverError error
}

// meet lets the two talk over a conn of the loopback. In TLS 1.3 a client hears
// of being refused when it reads.
func meet(t *testing.T, client, server *tls.Config) *meeting {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	m := &meeting{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := l.Accept()
		if err != nil {
			m.serverError = err
			return
		}
		c := tls.Server(raw, server)
		defer c.Close()
		m.serverError = serveByte(c)
		m.server = c.ConnectionState()
	}()
	raw, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	c := tls.Client(raw, client)
	m.clientError = fetchByte(c)
	m.client = c.ConnectionState()
	c.Close()
	<-done
	return m
}

// serveByte sends a byte and waits for the client to close: nothing is on the way to
// a server that closes after an alert, which a reset would take away.
func serveByte(c *tls.Conn) error {
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte{1}); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, c)
	return err
}

func fetchByte(c *tls.Conn) error {
	c.SetDeadline(time.Now().Add(patience))
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

// pass requires that both sides are content.
func (m *meeting) pass(t *testing.T) *meeting {
	t.Helper()
	require.NoError(t, m.clientError)
	require.NoError(t, m.serverError)
	return m
}

// verifyError returns the refusal, which must be an *Error of op verify with
// crypto/tls's own type in it.
func verifyError(t *testing.T, err error) *tlsx.Error {
	t.Helper()
	var e *tlsx.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "verify", e.Op)
	var std *tls.CertificateVerificationError
	require.ErrorAs(t, err, &std)
	assert.NotEmpty(t, std.UnverifiedCertificates)
	return e
}

func crlOf(t *testing.T, ca *pki.CA) tlsx.Data {
	t.Helper()
	text, err := ca.CRL()
	require.NoError(t, err)
	return tlsx.Text(string(text))
}

// listOf signs a revocation list that pki does not make.
func listOf(t *testing.T, ca *pki.CA, change func(*x509.RevocationList), serials ...*big.Int) []byte {
	t.Helper()
	list := &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
	}
	for _, n := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: n, RevocationTime: time.Now().Add(-time.Minute), ReasonCode: 1})
	}
	if change != nil {
		change(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca.Certificate(), ca.Signer())
	require.NoError(t, err)
	return der
}

func crlPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

func certPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// special issues a certificate that pki does not make.
func special(t *testing.T, ca *pki.CA, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	return specialBy(t, ca.Certificate(), ca.Signer(), change)
}

func specialBy(t *testing.T, ca *x509.Certificate, signer crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key := rootCA(t, nil).Signer()
	made := certify(t, ca, signer, key.Public(), change)
	made.PrivateKey = key
	return made
}

// certify issues a certificate for somebody's key.
func certify(t *testing.T, ca *x509.Certificate, signer crypto.Signer, key crypto.PublicKey, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "special"}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key, signer)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, Leaf: leaf}
}

// lockedBuffer takes what several goroutines write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// take returns what was written since the last time.
func (b *lockedBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.text.Reset()
	return b.text.String()
}
