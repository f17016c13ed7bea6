package tlsx_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func TestRoots(t *testing.T) {
	a := newAuthorities(t)
	both := string(a.root.PEM()) + "\na comment\n" + string(a.other.PEM()) + "\n \n"
	pool := config(t, &tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(both)}}}).RootCAs
	want := a.root.Pool()
	want.AddCert(a.other.Certificate())
	assert.True(t, want.Equal(pool), "exactly those in the text")
	assert.Nil(t, config(t, &tlsx.Config{}).RootCAs)
	assert.Nil(t, config(t, &tlsx.Config{Roots: tlsx.CAs{System: true}}).RootCAs, "no copy")

	system, err := x509.SystemCertPool()
	require.NoError(t, err)
	system.AddCert(a.root.Certificate())
	pool = config(t, &tlsx.Config{Roots: tlsx.CAs{System: true, From: cas(a.root).From}}).RootCAs
	assert.True(t, system.Equal(pool))
}

func TestClientCAs(t *testing.T) {
	a := newAuthorities(t)
	own := certFor(t, a.root, &pki.Leaf{Names: []string{"localhost"}})
	made := config(t, &tlsx.Config{Certificates: presenting(own), ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: cas(a.root)})
	assert.True(t, a.root.Pool().Equal(made.ClientCAs))
	made = config(t, &tlsx.Config{Certificates: presenting(own), ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: tlsx.CAs{System: true}})
	assert.Nil(t, made.ClientCAs, "what crypto/tls takes the system's for")
}

func TestRootsRefused(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.root, &pki.Leaf{Names: []string{"a.example.com"}})
	ca := string(a.root.PEM())
	noSign := special(t, a.root, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCRLSign })
	for name, c := range map[string]struct{ text, want string }{
		"nothing":       {"", "is empty: want File, Env or Text"},
		"no PEM":        {"hello", "holds no certificate in PEM"},
		"a leaf":        {certPEM(leaf.Leaf().Raw), "certificate 1: CN=a.example.com is no CA"},
		"a leaf second": {ca + certPEM(leaf.Leaf().Raw), "certificate 2: CN=a.example.com is no CA"},
		"no signer":     {certPEM(noSign.Leaf.Raw), "does not allow it to sign certificates"},
		"garbage after": {ca + "x", "has other data after its last PEM block"},
		"cut":           {ca[:len(ca)-30], "holds a PEM block that is cut or malformed"},
		"cut first":     {"-----BEGIN CERTIFICATE-----\n" + ca, "holds a PEM block that is cut or malformed"},
		"a key":         {ca + string(leaf.KeyPEM()), `holds a "PRIVATE KEY", want "CERTIFICATE" only`},
		"not DER":       {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}})), "certificate 1: x509: malformed certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, field := range []string{"Roots", "ClientCAs"} {
				set := tlsx.CAs{From: []tlsx.Data{tlsx.Text(ca), tlsx.Text(c.text)}}
				cfg := &tlsx.Config{Roots: set}
				if field == "ClientCAs" {
					cfg = &tlsx.Config{ClientCAs: set, ClientAuth: tls.RequireAndVerifyClientCert}
				}
				refused(t, cfg, field+".From[1]|"+c.want)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "none.pem")
	cfg := &tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.File(missing)}}}
	refused(t, cfg, "Roots.From[0]="+missing+": |"+noFile)
	_, err := tlsx.New(cfg)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestSystemPoolFails(t *testing.T) {
	cause := errors.New("no store")
	tlsx.SetSystemPool(t, func() (*x509.CertPool, error) { return nil, cause })
	a := newAuthorities(t)
	cfg := &tlsx.Config{Roots: tlsx.CAs{System: true, From: cas(a.root).From}}
	refused(t, cfg, "Roots.System: |no store")
	_, err := tlsx.New(cfg)
	assert.ErrorIs(t, err, cause)
}

func TestClientAuthRefused(t *testing.T) {
	a := newAuthorities(t)
	for _, mode := range []tls.ClientAuthType{-1, 5} {
		refused(t, &tlsx.Config{ClientAuth: mode}, "ClientAuth=|is none of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert")
	}
	for _, mode := range []tls.ClientAuthType{tls.VerifyClientCertIfGiven, tls.RequireAndVerifyClientCert} {
		refused(t, &tlsx.Config{ClientAuth: mode}, "ClientCAs: |is empty")
	}
	for _, mode := range []tls.ClientAuthType{tls.NoClientCert, tls.RequestClientCert, tls.RequireAnyClientCert} {
		refused(t, &tlsx.Config{ClientAuth: mode, ClientCAs: cas(a.root)}, "ClientCAs: |has no effect: ClientAuth="+mode.String())
	}
}

// TestClientAuth has every mode meet every kind of client.
func TestClientAuth(t *testing.T) {
	a := newAuthorities(t)
	own := certFor(t, a.root, &pki.Leaf{Names: []string{"localhost"}, Server: true})
	clients := map[string]*pki.Certificate{
		"none":    nil,
		"good":    certFor(t, a.inter, &pki.Leaf{Names: []string{"me"}, Client: true}),
		"foreign": certFor(t, a.other, &pki.Leaf{Names: []string{"me"}, Client: true}),
		"expired": certFor(t, a.inter, &pki.Leaf{Names: []string{"me"}, Client: true, NotAfter: time.Now().Add(-time.Hour)}),
		"server":  certFor(t, a.inter, &pki.Leaf{Names: []string{"me"}, Server: true}),
	}
	const none, verified, handshake, required, unknown, expired, bad = "none", "verified", "handshake failure", "certificate required", "unknown certificate authority", "expired certificate", "bad certificate"
	for mode, want := range map[tls.ClientAuthType]map[string]string{
		tls.NoClientCert:               {"none": none, "good": none, "foreign": none, "expired": none, "server": none},
		tls.RequestClientCert:          {"none": none, "good": none, "foreign": none, "expired": none, "server": none},
		tls.RequireAnyClientCert:       {"none": required, "good": none, "foreign": none, "expired": none, "server": none},
		tls.VerifyClientCertIfGiven:    {"none": none, "good": verified, "foreign": unknown, "expired": expired, "server": bad},
		tls.RequireAndVerifyClientCert: {"none": required, "good": verified, "foreign": unknown, "expired": expired, "server": bad},
	} {
		cfg := &tlsx.Config{Certificates: presenting(own), ClientAuth: mode}
		if mode >= tls.VerifyClientCertIfGiven {
			cfg.ClientCAs = cas(a.root)
		}
		server := config(t, cfg)
		for kind, cert := range clients {
			for versionName, version := range bothVersions {
				t.Run(mode.String()+"/"+kind+"/"+versionName, func(t *testing.T) {
					client := config(t, &tlsx.Config{ServerName: "localhost", Roots: cas(a.root), MaxVersion: version})
					if cert != nil { // also one that the server did not ask for
						value := cert.TLS()
						client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &value, nil }
					}
					m := meet(t, client, server)
					switch alert := want[kind]; alert {
					case none, verified:
						m.pass(t)
						assert.Equal(t, alert == verified, len(m.server.VerifiedChains) > 0)
						assert.Equal(t, cert != nil && mode != tls.NoClientCert, len(m.server.PeerCertificates) > 0)
					case required:
						if version == tls.VersionTLS12 {
							alert = handshake
						}
						assert.ErrorContains(t, m.clientError, "remote error: tls: "+alert)
					default:
						assert.ErrorContains(t, m.clientError, "remote error: tls: "+alert)
						var std *tls.CertificateVerificationError
						assert.ErrorAs(t, m.serverError, &std)
					}
				})
			}
		}
	}
}

func BenchmarkNewClient(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tlsx.New(nil); err != nil {
			b.Fatal(err)
		}
	}
}
