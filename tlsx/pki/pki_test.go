package pki_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

func newCA(t testing.TB) *pki.CA {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	return ca
}

func intermediate(t testing.TB, ca *pki.CA) *pki.CA {
	t.Helper()
	sub, err := ca.Intermediate(nil)
	require.NoError(t, err)
	return sub
}

func issue(t testing.TB, ca *pki.CA, l *pki.Leaf) *pki.Certificate {
	t.Helper()
	c, err := ca.Issue(l)
	require.NoError(t, err)
	return c
}

// verify does what a peer does with what is sent.
func verify(c *pki.Certificate, ca *pki.CA, opts x509.VerifyOptions) error {
	opts.Roots, opts.Intermediates = ca.Pool(), x509.NewCertPool()
	for _, der := range c.TLS().Certificate[1:] {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		opts.Intermediates.AddCert(cert)
	}
	_, err := c.Leaf().Verify(opts)
	return err
}

func TestNamesByForm(t *testing.T) {
	ca := newCA(t)
	c := issue(t, ca, &pki.Leaf{Names: []string{
		"localhost", "*.example.com", "under_score.example.com",
		"127.0.0.1", "::1", "::ffff:192.0.2.1",
		"spiffe://example.org/api", "urn:uuid:4f0a2d5e-0000-4000-8000-000000000000", "https://[::1]:8443/x",
		"ops@example.com",
	}})
	leaf := c.Leaf()
	assert.Equal(t, []string{"localhost", "*.example.com", "under_score.example.com"}, leaf.DNSNames)
	require.Len(t, leaf.IPAddresses, 3)
	assert.True(t, leaf.IPAddresses[1].Equal(net.IPv6loopback))
	assert.Len(t, leaf.IPAddresses[2], net.IPv4len)
	require.Len(t, leaf.URIs, 3)
	assert.Equal(t, "spiffe://example.org/api", leaf.URIs[0].String())
	assert.Equal(t, []string{"ops@example.com"}, leaf.EmailAddresses)
	assert.Equal(t, "localhost", leaf.Subject.CommonName)
	for _, name := range []string{"localhost", "a.example.com", "127.0.0.1", "::1"} {
		assert.NoError(t, verify(c, ca, x509.VerifyOptions{DNSName: name}), name)
	}
	assert.Error(t, verify(c, ca, x509.VerifyOptions{DNSName: "example.com"}))
}

func TestCommonName(t *testing.T) {
	ca := newCA(t)
	assert.Equal(t, "Jane", issue(t, ca, &pki.Leaf{CommonName: "Jane", Names: []string{"a.test"}}).Leaf().Subject.CommonName)
	assert.Equal(t, "Jane", issue(t, ca, &pki.Leaf{CommonName: "Jane"}).Leaf().Subject.CommonName)
	long := strings.Repeat("a.", 40) + "test"
	c := issue(t, ca, &pki.Leaf{Names: []string{long}})
	assert.Empty(t, c.Leaf().Subject.CommonName)
	assert.NoError(t, verify(c, ca, x509.VerifyOptions{DNSName: long}))
}

func TestPurposes(t *testing.T) {
	ca := newCA(t)
	for name, want := range map[string]struct {
		leaf           pki.Leaf
		client, server bool
	}{
		"neither": {pki.Leaf{}, true, true},
		"both":    {pki.Leaf{Client: true, Server: true}, true, true},
		"client":  {pki.Leaf{Client: true}, true, false},
		"server":  {pki.Leaf{Server: true}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			want.leaf.Names = []string{"a.test"}
			c := issue(t, ca, &want.leaf)
			for usage, ok := range map[x509.ExtKeyUsage]bool{x509.ExtKeyUsageClientAuth: want.client, x509.ExtKeyUsageServerAuth: want.server} {
				err := verify(c, ca, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{usage}})
				assert.Equal(t, ok, err == nil, "%v: %v", usage, err)
			}
		})
	}
}

func TestKeyTypes(t *testing.T) {
	for kind, check := range map[pki.KeyType]func(key any) bool{
		pki.ECDSAP256: func(key any) bool { k, ok := key.(*ecdsa.PrivateKey); return ok && k.Curve == elliptic.P256() },
		pki.ECDSAP384: func(key any) bool { k, ok := key.(*ecdsa.PrivateKey); return ok && k.Curve == elliptic.P384() },
		pki.RSA2048:   func(key any) bool { k, ok := key.(*rsa.PrivateKey); return ok && k.N.BitLen() == 2048 },
		pki.Ed25519:   func(key any) bool { _, ok := key.(ed25519.PrivateKey); return ok },
	} {
		t.Run(kind.String(), func(t *testing.T) {
			ca, err := pki.New(&pki.Config{Key: kind})
			require.NoError(t, err)
			assert.True(t, check(ca.Signer()))
			c := issue(t, ca, &pki.Leaf{Names: []string{"a.test"}, Key: kind})
			assert.True(t, check(c.TLS().PrivateKey))
			require.NoError(t, verify(c, ca, x509.VerifyOptions{}))
			ca.Revoke(c)
			list := parseCRL(t, ca)
			require.NoError(t, list.CheckSignatureFrom(ca.Certificate()))

			pair, err := tls.X509KeyPair(c.ChainPEM(), c.KeyPEM())
			require.NoError(t, err, "the key fits the chain")
			assert.Equal(t, c.TLS().Certificate, pair.Certificate)
			encrypts := c.Leaf().KeyUsage&x509.KeyUsageKeyEncipherment != 0
			assert.Equal(t, kind == pki.RSA2048, encrypts)
		})
	}
	assert.Equal(t, "KeyType(9)", pki.KeyType(9).String())
}

func TestChain(t *testing.T) {
	root := newCA(t)
	one := intermediate(t, root)
	two := intermediate(t, one)
	c := issue(t, two, &pki.Leaf{Names: []string{"a.test"}})

	assert.Equal(t, [][]byte{c.Leaf().Raw, two.Certificate().Raw, one.Certificate().Raw}, c.TLS().Certificate)
	require.NoError(t, verify(c, two, x509.VerifyOptions{DNSName: "a.test"}))
	require.Error(t, verify(c, newCA(t), x509.VerifyOptions{}))

	assert.Same(t, root, two.Root())
	assert.Same(t, root, root.Root())
	assert.Equal(t, root.PEM(), two.PEM())
	block, rest := pem.Decode(two.PEM())
	assert.Equal(t, root.Certificate().Raw, block.Bytes)
	assert.Empty(t, rest)
	assert.NotEqual(t, one.Certificate().Subject.String(), two.Certificate().Subject.String())

	var ders [][]byte
	for block, rest := pem.Decode(c.ChainPEM()); block != nil; block, rest = pem.Decode(rest) {
		ders = append(ders, block.Bytes)
	}
	assert.Equal(t, c.TLS().Certificate, ders)

	pair := c.TLS()
	pair.Certificate[0] = nil
	assert.NotNil(t, c.TLS().Certificate[0], "each caller has a chain of its own")
}

func TestSerialsDiffer(t *testing.T) {
	ca := newCA(t)
	seen := map[string]bool{}
	for range 20 {
		serial := issue(t, ca, &pki.Leaf{Names: []string{"a.test"}}).Leaf().SerialNumber
		assert.Positive(t, serial.Sign())
		assert.LessOrEqual(t, serial.BitLen(), 159)
		seen[serial.String()] = true
	}
	assert.Len(t, seen, 20)
}

func TestValidity(t *testing.T) {
	ca := newCA(t)
	now := time.Now()
	for name, test := range map[string]struct {
		leaf            pki.Leaf
		from, until     time.Time
		expired, future bool
	}{
		"default":       {leaf: pki.Leaf{}, from: now.Add(-time.Hour), until: now.Add(90 * 24 * time.Hour)},
		"expired":       {leaf: pki.Leaf{NotAfter: now.Add(-48 * time.Hour)}, from: now.Add(-92 * 24 * time.Hour), until: now.Add(-48 * time.Hour), expired: true},
		"just expired":  {leaf: pki.Leaf{NotAfter: now.Add(-time.Minute)}, from: now.Add(-time.Hour), until: now.Add(-time.Minute), expired: true},
		"not yet valid": {leaf: pki.Leaf{NotBefore: now.Add(time.Hour)}, from: now.Add(time.Hour), until: now.Add(90 * 24 * time.Hour), future: true},
		"next year":     {leaf: pki.Leaf{NotBefore: now.Add(365 * 24 * time.Hour)}, from: now.Add(365 * 24 * time.Hour), until: now.Add(455 * 24 * time.Hour), future: true},
		"both":          {leaf: pki.Leaf{NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Minute)}, from: now.Add(-time.Minute), until: now.Add(time.Minute)},
		"other zone": {
			leaf: pki.Leaf{NotAfter: now.Add(time.Hour).In(time.FixedZone("", -5*3600))},
			from: now.Add(-time.Hour), until: now.Add(time.Hour),
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.leaf.Names = []string{"a.test"}
			c := issue(t, ca, &test.leaf)
			assert.WithinDuration(t, test.from, c.Leaf().NotBefore, time.Minute)
			assert.WithinDuration(t, test.until, c.Leaf().NotAfter, time.Minute)
			err := verify(c, ca, x509.VerifyOptions{CurrentTime: now})
			if !test.expired && !test.future {
				require.NoError(t, err)
				return
			}
			var invalid x509.CertificateInvalidError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, x509.Expired, invalid.Reason)
		})
	}
	old, err := pki.New(&pki.Config{NotAfter: now.Add(-time.Hour)})
	require.NoError(t, err)
	require.Error(t, verify(issue(t, old, &pki.Leaf{Names: []string{"a.test"}}), old, x509.VerifyOptions{CurrentTime: now}))
}

func TestExtensions(t *testing.T) {
	c := issue(t, newCA(t), &pki.Leaf{
		Names: []string{"a.test"}, MustStaple: true,
		OCSPServer: "http://127.0.0.1:8080/ocsp", CRLServer: "https://ca.test/list.crl",
	}).Leaf()
	assert.Equal(t, []string{"http://127.0.0.1:8080/ocsp"}, c.OCSPServer)
	assert.Equal(t, []string{"https://ca.test/list.crl"}, c.CRLDistributionPoints)
	staple := false
	for _, e := range c.Extensions {
		if e.Id.String() == "1.3.6.1.5.5.7.1.24" {
			staple = true
			assert.Equal(t, []byte{0x30, 3, 2, 1, 5}, e.Value, "RFC 7633: SEQUENCE { INTEGER 5 }")
		}
	}
	assert.True(t, staple)
}

func TestRevoke(t *testing.T) {
	root := newCA(t)
	sub := intermediate(t, root)
	good, bad := issue(t, sub, &pki.Leaf{Names: []string{"a.test"}}), issue(t, sub, &pki.Leaf{Names: []string{"b.test"}})
	assert.Empty(t, parseCRL(t, sub).RevokedCertificateEntries)

	sub.Revoke(bad)
	sub.Revoke(bad)
	list := parseCRL(t, sub)
	require.NoError(t, list.CheckSignatureFrom(sub.Certificate()))
	require.Len(t, list.RevokedCertificateEntries, 1)
	assert.Equal(t, bad.Leaf().SerialNumber, list.RevokedCertificateEntries[0].SerialNumber)
	assert.NotEqual(t, good.Leaf().SerialNumber, list.RevokedCertificateEntries[0].SerialNumber)
	assert.True(t, list.ThisUpdate.Before(time.Now()))
	assert.True(t, list.NextUpdate.After(time.Now()))
	assert.Positive(t, parseCRL(t, sub).Number.Cmp(list.Number), "numbers rise")

	root.RevokeIntermediate(sub)
	assert.Equal(t, sub.Certificate().SerialNumber, parseCRL(t, root).RevokedCertificateEntries[0].SerialNumber)
}

func TestRevokeForeign(t *testing.T) {
	root := newCA(t)
	sub := intermediate(t, root)
	root.Revoke(issue(t, sub, &pki.Leaf{Names: []string{"a.test"}}))
	root.Revoke(nil)
	root.RevokeIntermediate(intermediate(t, newCA(t)))
	root.RevokeIntermediate(nil)
	_, err := root.CRL()
	assert.Len(t, joined(t, err), 4)
	assert.ErrorContains(t, err, "pki: revoke: certificate=CN=a.test: was not issued by this CA")
	_, err = sub.CRL()
	assert.NoError(t, err)
}

func TestErrors(t *testing.T) {
	long := strings.Repeat("a", 64)
	_, err := newCA(t).Issue(&pki.Leaf{
		Names: []string{
			"", "a b", "a..b", "-a", "a-", "a.", long + ".test", strings.Repeat("a.", 127), "300.1.1.1", "*", "*.", "x.*.test", "bücher.example",
			"fe80::1%eth0", "@a.test", "a@b@c", "a@", "é@a.test", ":x", "http://a b/", "urn:\u00e9", "spiffe://a_b!/", "%zz:",
		},
		CommonName: long + "a",
		Key:        7,
		NotBefore:  time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:   time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC),
		OCSPServer: "ldap://x", CRLServer: "http://a b",
	})
	fields := map[string]bool{}
	for _, err := range joined(t, err) {
		var e *pki.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "issue", e.Op)
		require.Error(t, e.Unwrap())
		assert.Contains(t, e.Error(), "pki: issue: "+e.Field+"="+e.Value+": ")
		fields[e.Field] = true
	}
	assert.Len(t, fields, 23+6)

	_, err = pki.New(&pki.Config{Name: "a\nb", Key: -1, NotBefore: time.Now(), NotAfter: time.Now()})
	assert.Len(t, joined(t, err), 3)
	assert.ErrorContains(t, err, "is not after NotBefore")
	_, err = newCA(t).Intermediate(&pki.Config{Name: "a\xff"})
	assert.ErrorContains(t, err, "pki: intermediate: Name=a\xff: is not printable UTF-8")
	_, err = newCA(t).Issue(nil)
	assert.EqualError(t, err, "pki: issue: Names=: is empty, as is CommonName: a certificate needs one of them")
	_, err = newCA(t).Issue(&pki.Leaf{Names: []string{"a.test"}, OCSPServer: "http://%zz", CRLServer: "http:///x"})
	assert.Len(t, joined(t, err), 2)
}

// The message of what no field is to blame for.
func TestErrorWithoutField(t *testing.T) {
	assert.EqualError(t, &pki.Error{Op: "crl", Err: io.EOF}, "pki: crl: EOF")
}

func joined(t *testing.T, err error) []error {
	t.Helper()
	list, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%v", err)
	return list.Unwrap()
}

func parseCRL(t *testing.T, ca *pki.CA) *x509.RevocationList {
	t.Helper()
	text, err := ca.CRL()
	require.NoError(t, err)
	block, rest := pem.Decode(text)
	require.NotNil(t, block)
	assert.Equal(t, "X509 CRL", block.Type)
	assert.Empty(t, rest)
	list, err := x509.ParseRevocationList(block.Bytes)
	require.NoError(t, err)
	return list
}

func TestConcurrent(t *testing.T) {
	ca := newCA(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			c, err := ca.Issue(&pki.Leaf{Names: []string{"a.test"}})
			if assert.NoError(t, err) {
				ca.Revoke(c)
			}
			_, err = ca.CRL()
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Len(t, parseCRL(t, ca).RevokedCertificateEntries, 8)
}

// A real handshake, with both sides verified.
func TestHandshake(t *testing.T) {
	ca := intermediate(t, newCA(t))
	server := issue(t, ca, &pki.Leaf{Names: []string{"a.test"}, Server: true})
	client := issue(t, ca, &pki.Leaf{Names: []string{"spiffe://example.org/client"}, Client: true})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{server.TLS()}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	})
	require.NoError(t, err)
	defer l.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, err = io.WriteString(conn, "hello")
			conn.Close()
		}
		served <- err
	}()
	conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{
		RootCAs: ca.Pool(), ServerName: "a.test", Certificates: []tls.Certificate{client.TLS()},
	})
	require.NoError(t, err)
	defer conn.Close()
	text, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(text))
	require.NoError(t, <-served)
}

// Whatever is asked for, Issue makes a certificate that Go reads, or says no.
func FuzzIssue(f *testing.F) {
	ca := newCA(f)
	for _, name := range []string{"localhost", "*.a.test", "::1", "1.2.3", "spiffe://a/b", "a@b.test", "urn:x", "http://[::1%25a]/", "//:", ""} {
		f.Add(name, name, int64(0), int64(0))
	}
	f.Add("a.test", "x", int64(math.MinInt32), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, name, common string, before, after int64) {
		l := &pki.Leaf{Names: []string{name}, CommonName: common, NotBefore: time.Unix(before, 0), NotAfter: time.Unix(after, 0)}
		c, err := ca.Issue(l)
		if err != nil {
			var e *pki.Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Field, "%v", err)
			return
		}
		require.NoError(t, c.Leaf().CheckSignatureFrom(ca.Certificate()))
	})
}

func BenchmarkIssue(b *testing.B) {
	for _, kind := range []pki.KeyType{pki.ECDSAP256, pki.ECDSAP384, pki.RSA2048, pki.Ed25519} {
		b.Run(kind.String(), func(b *testing.B) {
			ca := newCA(b)
			for b.Loop() {
				issue(b, ca, &pki.Leaf{Names: []string{"a.test"}, Key: kind})
			}
		})
	}
}
