package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writePair writes cert.pem and key.pem for 127.0.0.1.
func writePair(t *testing.T, issuer *CA, dir string) {
	t.Helper()
	cert, err := issuer.Issue("127.0.0.1")
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
}

func TestCA(t *testing.T) {
	ca, err := NewCA()
	require.NoError(t, err)
	cert, err := ca.Issue("a.example", "*.b.example", "127.0.0.1", "::1")
	require.NoError(t, err)
	for name, good := range map[string]bool{
		"a.example": true, "x.b.example": true, "127.0.0.1": true, "::1": true,
		"b.example": false, "c.example": false, "127.0.0.2": false,
	} {
		_, err := cert.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: ca.Pool()})
		assert.Equal(t, good, err == nil, "%s: %v", name, err)
	}
	other, err := NewCA()
	require.NoError(t, err)
	_, err = cert.Leaf.Verify(x509.VerifyOptions{DNSName: "a.example", Roots: other.Pool()})
	require.Error(t, err)
	assert.Equal(t, 1, cert.Leaf.SerialNumber.Sign())
	pool := x509.NewCertPool()
	assert.True(t, pool.AppendCertsFromPEM(ca.PEM()))
}
