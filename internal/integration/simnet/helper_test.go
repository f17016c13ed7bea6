package simnet_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// bench is a network of a server and a client.
type bench struct {
	*testing.T
	net            *simnet.Network
	server, client *simnet.Host
}

// everywhere runs a test outside of a bubble, at once and with delay, and in bubbles
// with delay and with loss.
func everywhere(t *testing.T, test func(*bench)) {
	for _, each := range []struct {
		name   string
		config simnet.Config
		bubble bool
	}{
		{"direct", simnet.Config{Order: simnet.OrderDirect}, false},
		{"delayed", simnet.Config{Link: simnet.Link{Latency: time.Millisecond}}, false},
		{"bubble", simnet.Config{Link: simnet.Link{Latency: 20 * time.Millisecond, MTU: 1500}}, true},
		{"lossy", simnet.Config{Seed: 3, Link: simnet.Link{
			Latency: 20 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.02, Reorder: 0.01, MTU: 1500,
		}}, true},
	} {
		t.Run(each.name, func(t *testing.T) {
			run := func(t *testing.T) {
				t.Helper()
				n, err := simnet.New(each.config)
				require.NoError(t, err)
				defer func() { assert.NoError(t, n.Close()) }()
				b := &bench{T: t, net: n}
				b.server, b.client = b.host("server.test"), b.host("client.test")
				test(b)
			}
			if each.bubble {
				synctest.Test(t, run)
			} else {
				run(t)
			}
		})
	}
}

func (b *bench) host(name string) *simnet.Host {
	h, err := b.net.NewHost(b.Context(), name)
	require.NoError(b, err)
	return h
}

func (b *bench) listen(laddr string) net.Listener {
	l, err := b.server.Listen(laddr)
	require.NoError(b, err)
	return l
}

// certificate is valid also where the year is 2000.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "server.test"}, DNSNames: []string{"server.test"},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}, MinVersion: tls.VersionTLS12}
	client = &tls.Config{RootCAs: roots, ServerName: "server.test", MinVersion: tls.VersionTLS12}
	return server, client
}

// echo answers everything with itself, until the end.
func echo(c io.ReadWriteCloser) {
	defer c.Close()
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
}

// exchange sends a text and requires it back.
func exchange(t testing.TB, c io.ReadWriter, size int) {
	t.Helper()
	text := make([]byte, size)
	rand.Read(text)
	done := make(chan error, 1)
	go func() {
		_, err := c.Write(text)
		done <- err
	}()
	got := make([]byte, size)
	_, err := io.ReadFull(c, got)
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.True(t, bytes.Equal(text, got))
}
