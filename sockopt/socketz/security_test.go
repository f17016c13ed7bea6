package socketz_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt/socketz"
)

// certificate returns one that signs itself.
func certificate(t *testing.T, subject string, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: subject}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestTLS(t *testing.T) {
	var r socketz.Registry
	own := certificate(t, "server", "a.example")
	names := make([]string, 12)
	for i := range names {
		names[i] = fmt.Sprintf("n%d.example", i)
	}
	theirs := certificate(t, "<img src=x>\x1b", names...)
	roots := x509.NewCertPool()
	roots.AddCert(own.Leaf)
	clients := x509.NewCertPool()
	clients.AddCert(theirs.Leaf)
	tcp, server := connect(t, plainTCP(t))
	s := tls.Server(server, &tls.Config{
		Certificates: []tls.Certificate{own}, NextProtos: []string{"<b>"}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
	})
	c := tls.Client(tcp, &tls.Config{
		Certificates: []tls.Certificate{theirs}, RootCAs: roots, ServerName: "a.example", NextProtos: []string{"<b>"},
	})
	add(t, &r, socketz.Socket{Name: "s", Conn: s})
	before := only(t, &r)
	assert.Equal(t, false, before.TLS["handshakeComplete"])
	assert.NotContains(t, before.TLS, "version")
	assert.Contains(t, html(t, &r, ""), "in handshake")

	done := make(chan error, 1)
	go func() { done <- s.HandshakeContext(t.Context()) }()
	require.NoError(t, c.HandshakeContext(t.Context()))
	require.NoError(t, <-done)
	after := only(t, &r)
	state := s.ConnectionState()
	assert.Equal(t, "*tls.Conn", after.Type)
	assert.Equal(t, tcp.LocalAddr().String(), after.Remote)
	assert.Equal(t, map[string]any{
		"version": "TLS 1.3", "cipherSuite": tls.CipherSuiteName(state.CipherSuite), "curve": state.CurveID.String(),
		"serverName": "a.example", "alpn": "<b>", "resumed": false, "ech": false, "handshakeComplete": true, "peerVerified": true,
		"peerCertificate": map[string]any{
			"subject": `CN=\<img src=x\>\x1b`, "issuer": `CN=\<img src=x\>\x1b`,
			"names":    []any{"n0.example", "n1.example", "n2.example", "n3.example", "n4.example", "n5.example", "n6.example", "n7.example", "n8.example", "n9.example"},
			"notAfter": theirs.Leaf.NotAfter.Format(time.RFC3339),
		},
	}, after.TLS)
	page := html(t, &r, fmt.Sprintf("id=%d", after.ID))
	assert.Contains(t, page, `\&lt;img src=x\&gt;\x1b`)
	assert.Contains(t, page, "&lt;b&gt;")
	assert.NotContains(t, page, "<img")
	assert.Contains(t, html(t, &r, ""), "TLS 1.3")
}

// A conn with a state of another type has a function that makes one of it.
func TestTLSFunction(t *testing.T) {
	var r socketz.Registry
	conn := &fake{local: textAddr("x")}
	add(t, &r, socketz.Socket{Name: "d", Conn: conn, TLS: func(c any) *tls.ConnectionState {
		assert.Same(t, conn, c)
		return &tls.ConnectionState{Version: 0xfefd, CipherSuite: tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, HandshakeComplete: true, DidResume: true}
	}})
	s := only(t, &r)
	assert.Equal(t, "DTLS 1.2", s.TLS["version"])
	assert.Equal(t, true, s.TLS["resumed"])
	add(t, &r, socketz.Socket{Name: "none", Conn: conn, TLS: func(any) *tls.ConnectionState { return nil }})
	assert.Nil(t, look(t, &r, "name=none").Conns[0].TLS)
}
