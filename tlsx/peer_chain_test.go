package tlsx_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// verifying is a client's config that leaves everything to verifyServer.
func verifying(t *testing.T, cfg *tlsx.Config) *tls.Config {
	t.Helper()
	verify, err := tlsx.VerifyServer(cfg)
	require.NoError(t, err)
	return &tls.Config{
		ServerName: cfg.ServerName, InsecureSkipVerify: true, VerifyConnection: verify,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
}

// TestVerifyServer holds verifyServer against what crypto/tls itself says about
// the same server.
func TestVerifyServer(t *testing.T) {
	a := newAuthorities(t)
	valid := &pki.Leaf{Names: []string{"a.example.com", "192.0.2.1", "2001:db8::1"}, Server: true}
	good := certFor(t, a.inter, valid)
	alone := good.TLS()
	alone.Certificate = alone.Certificate[:1]
	constrained := special(t, a.root, func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.KeyUsage, c.ExtKeyUsage = "constrained", true, x509.KeyUsageCertSign, nil
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.net"}, true
	})
	under := func(name string) tls.Certificate {
		leaf := specialBy(t, constrained.Leaf, constrained.PrivateKey.(crypto.Signer), func(c *x509.Certificate) { c.DNSNames = []string{name} })
		leaf.Certificate = append(leaf.Certificate, constrained.Certificate[0])
		return leaf
	}
	for name, c := range map[string]struct {
		cert   tls.Certificate
		server string
		roots  *pki.CA
		later  time.Duration
		want   string // "": content
	}{
		"good":            {cert: good.TLS()},
		"other name":      {cert: good.TLS(), server: "b.example.com", want: "not b.example.com"},
		"name with a dot": {cert: good.TLS(), server: "a.example.com."},
		"case":            {cert: good.TLS(), server: "A.example.COM"},
		"IPv4":            {cert: good.TLS(), server: "192.0.2.1"},
		"other IPv4":      {cert: good.TLS(), server: "192.0.2.2", want: "not 192.0.2.2"},
		"IPv6":            {cert: good.TLS(), server: "2001:db8::1"},
		"other IPv6":      {cert: good.TLS(), server: "2001:db8::2", want: "not 2001:db8::2"},
		"other CA":        {cert: good.TLS(), roots: a.other, want: "signed by unknown authority"},
		"no intermediate": {cert: alone, want: "signed by unknown authority"},
		"expired":         {cert: certFor(t, a.inter, &pki.Leaf{Names: valid.Names, NotAfter: time.Now().Add(-time.Minute)}).TLS(), want: "expired"},
		"expired later":   {cert: good.TLS(), later: 365 * 24 * time.Hour, want: "expired"},
		"not yet":         {cert: certFor(t, a.inter, &pki.Leaf{Names: valid.Names, NotBefore: time.Now().Add(time.Hour)}).TLS(), want: "not yet valid"},
		"a client's":      {cert: certFor(t, a.inter, &pki.Leaf{Names: valid.Names, Client: true}).TLS(), want: "incompatible key usage"},
		"name constraint": {cert: under("a.example.com"), want: "not permitted by any constraint"},
		"inside of it":    {cert: under("a.example.net"), server: "a.example.net"},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now().Add(c.later) // it stands: errors name it to the second
			cfg := &tlsx.Config{ServerName: c.server, Roots: cas(a.root), Time: func() time.Time { return now }}
			if cfg.ServerName == "" {
				cfg.ServerName = "a.example.com"
			}
			if c.roots != nil {
				cfg.Roots = cas(c.roots)
			}
			for versionName, version := range bothVersions {
				std := &tls.Config{RootCAs: a.root.Pool(), ServerName: cfg.ServerName, Time: cfg.Time, MaxVersion: version}
				if c.roots != nil {
					std.RootCAs = c.roots.Pool()
				}
				ours := verifying(t, cfg)
				ours.MaxVersion = version
				server := &tls.Config{Certificates: []tls.Certificate{c.cert}}
				want, got := meet(t, std, server), meet(t, ours, server)
				if c.want == "" {
					want.pass(t)
					got.pass(t)
					assert.True(t, meet(t, ours, server).pass(t).client.DidResume)
					continue
				}
				assert.ErrorContains(t, want.clientError, c.want, versionName)
				e := verifyError(t, got.clientError)
				assert.Equal(t, "Roots", e.Field)
				assert.Equal(t, want.clientError.Error(), e.Err.Error(), "the words of crypto/tls")
				assert.ErrorContains(t, got.serverError, "remote error: tls: bad certificate")
			}
		})
	}
}

// TestVerifyServerResumed swaps the verifier under a session: the roots, and
// then the policy.
func TestVerifyServerResumed(t *testing.T) {
	a := newAuthorities(t)
	server := &tls.Config{Certificates: []tls.Certificate{certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}}).TLS()}}
	for versionName, version := range bothVersions {
		client := verifying(t, &tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root)})
		client.MaxVersion = version
		for _, c := range []struct {
			cfg   tlsx.Config
			field string
		}{
			{tlsx.Config{Roots: cas(a.other)}, "Roots"},
			{tlsx.Config{Roots: cas(a.root), Peer: tlsx.Peer{Names: []string{"b.example.com"}}}, "Peer.Names"},
			{tlsx.Config{Roots: cas(a.root), Peer: tlsx.Peer{Pins: []string{pinText(a.other.Certificate())}}}, "Peer.Pins"},
			{tlsx.Config{Roots: cas(a.root), Time: func() time.Time { return time.Now().AddDate(1, 0, 0) }}, "Roots"},
		} {
			meet(t, client, server).pass(t)
			verify, err := tlsx.VerifyServer(&c.cfg)
			require.NoError(t, err)
			other := client.Clone()
			other.VerifyConnection = verify
			saw := watch(other)
			m := meet(t, other, server)
			assert.Equal(t, c.field, verifyError(t, m.clientError).Field, versionName)
			assert.Equal(t, []bool{true}, *saw)
			// crypto/tls drops the session, so that the next conn is a full one.
			meet(t, other, server)
			assert.Equal(t, []bool{true, false}, *saw)
		}
	}
}

// TestVerifyServerName has clients that dial by IP address, which is not in the
// state that VerifyConnection gets.
func TestVerifyServerName(t *testing.T) {
	a := newAuthorities(t)
	server := &tls.Config{Certificates: []tls.Certificate{certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com", "192.0.2.1"}}).TLS()}}
	for name, c := range map[string]struct {
		cfg  tlsx.Config
		want string
	}{
		"nothing":         {tlsx.Config{}, "must say what the server is called"},
		"a name":          {tlsx.Config{ServerName: "a.example.com"}, "must say what the server is called"},
		"the address":     {tlsx.Config{ServerName: "192.0.2.1"}, ""},
		"another address": {tlsx.Config{ServerName: "192.0.2.2"}, "not 192.0.2.2"},
		"a required name": {tlsx.Config{Peer: tlsx.Peer{Names: []string{"a.example.com"}}}, ""},
		"another one":     {tlsx.Config{Peer: tlsx.Peer{Names: []string{"b.example.com"}}}, "want one of b.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.Roots = cas(a.root)
			client := verifying(t, &c.cfg)
			client.ServerName = "192.0.2.1" // as net/http would set it
			m := meet(t, client, server)
			if c.want == "" {
				m.pass(t)
				return
			}
			assert.ErrorContains(t, verifyError(t, m.clientError), c.want)
		})
	}
	verify, err := tlsx.VerifyServer(&tlsx.Config{ServerName: "192.0.2.1"})
	require.NoError(t, err)
	assert.ErrorIs(t, verify(tls.ConnectionState{}), tlsx.ErrNoCertificate)
}

func TestFIPSChains(t *testing.T) {
	weakRSA, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	strongRSA, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	chain := func(keys ...any) (list []*x509.Certificate) {
		for _, k := range keys {
			list = append(list, &x509.Certificate{PublicKey: k})
		}
		return list
	}
	good := [][]*x509.Certificate{chain(&p256.PublicKey, &strongRSA.PublicKey, ed), chain(ed)}
	bad := [][]*x509.Certificate{chain(ed, &weakRSA.PublicKey), chain(&p224.PublicKey), chain("other")}
	got, err := tlsx.FIPSChains(append(bad, good...))
	require.NoError(t, err)
	assert.Equal(t, good, got)
	_, err = tlsx.FIPSChains(bad)
	assert.ErrorContains(t, err, "FIPS 140-3")
}

// TestVerifyServerFIPS runs again in a process with FIPS 140-3 mode on.
func TestVerifyServerFIPS(t *testing.T) {
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^(TestVerifyServer|TestPeerAnyChain|TestStaple)$")
	// The race detector would let it sleep for a second at its end.
	again.Env = append(os.Environ(), "GODEBUG=fips140=on", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	out, err := again.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, name := range []string{"TestVerifyServer", "TestPeerAnyChain", "TestStaple"} {
		assert.Contains(t, string(out), "--- PASS: "+name+" ")
	}
}
