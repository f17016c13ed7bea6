package tlsx_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// extend adds an extension to a list.
func extend(id asn1.ObjectIdentifier, value ...byte) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: id, Critical: true, Value: value})
	}
}

var oidPoint = asn1.ObjectIdentifier{2, 5, 29, 28}

// point is an issuing distribution point with a URI, and flags by their tag.
func point(uri string, tags ...byte) func(*x509.RevocationList) {
	var content []byte
	if uri != "" {
		content = append([]byte{0x86, byte(len(uri))}, uri...)
		content = append([]byte{0xA0, byte(len(content))}, content...)
		content = append([]byte{0xA0, byte(len(content))}, content...)
	}
	for _, tag := range tags {
		content = append(content, 0x80|tag, 1, 0xFF)
	}
	return extend(oidPoint, append([]byte{0x30, byte(len(content))}, content...)...)
}

func TestCRLsRefused(t *testing.T) {
	a := newAuthorities(t)
	good := listOf(t, a.root, nil)
	later := func(l *x509.RevocationList) {
		l.ThisUpdate, l.NextUpdate = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	}
	over := func(l *x509.RevocationList) {
		l.ThisUpdate, l.NextUpdate = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	entry := func(id asn1.ObjectIdentifier) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{
				SerialNumber: big.NewInt(7), RevocationTime: time.Now(),
				ExtraExtensions: []pkix.Extension{{Id: id, Critical: true, Value: []byte{5, 0}}},
			}}
		}
	}
	forged := string(listOf(t, sameName(t, a.root), nil))
	for name, c := range map[string]struct{ text, want string }{
		"not one":           {"hello", "neither PEM nor a single revocation list in DER"},
		"more after DER":    {string(good) + "x", "neither PEM nor a single revocation list in DER"},
		"two in DER":        {string(good) + string(good), "neither PEM nor a single revocation list in DER"},
		"more after PEM":    {crlPEM(good) + "x", "other data after its last PEM block"},
		"a certificate":     {string(a.root.PEM()), `holds a "CERTIFICATE", want "X509 CRL" only`},
		"second one broken": {crlPEM(good) + crlPEM(good[:9]), "list 2: is neither PEM"},
		"outdated":          {string(listOf(t, a.root, over)), "is outdated since"},
		"in the future":     {string(listOf(t, a.root, later)), "holds only from"},
		"without an end":    {string(endless(t, a.root)), "does not say until when it holds"},
		"forged":            {forged, "is not signed by its issuer"},
		"delta":             {string(listOf(t, a.root, extend(asn1.ObjectIdentifier{2, 5, 29, 27}, 2, 1, 1))), "is a delta list"},
		"indirect":          {string(listOf(t, a.root, point("", 4))), "is an indirect list"},
		"indirect entry":    {string(listOf(t, a.root, entry(asn1.ObjectIdentifier{2, 5, 29, 29}))), "the entry of 7: is an indirect list"},
		"unknown entry":     {string(listOf(t, a.root, entry(asn1.ObjectIdentifier{1, 2, 3}))), "critical extension 1.2.3"},
		"unknown extension": {string(listOf(t, a.root, extend(asn1.ObjectIdentifier{1, 2, 3}, 5, 0))), "critical extension 1.2.3"},
		"attributes":        {string(listOf(t, a.root, point("", 5))), "is of attribute certificates"},
		"users and CAs":     {string(listOf(t, a.root, point("", 1, 2))), "issuing distribution point is malformed"},
		"broken point":      {string(listOf(t, a.root, extend(oidPoint, 5, 0))), "issuing distribution point is malformed"},
		"some reasons":      {string(listOf(t, a.root, extend(oidPoint, 0x30, 4, 0x83, 2, 6, 0x40))), "knows some reasons"},
		"a point by name":   {string(listOf(t, a.root, extend(oidPoint, 0x30, 7, 0xA0, 5, 0xA0, 3, 0x82, 1, 'a'))), "not named by a URI"},
		"a point relative":  {string(listOf(t, a.root, extend(oidPoint, 0x30, 4, 0xA0, 2, 0xA1, 0))), "not named by a URI"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, &tlsx.Config{Roots: cas(a.root), Peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.Text(string(good)), tlsx.Text(c.text)}}},
				"Peer.CRLs[1]=(text): |"+c.want)
		})
	}
	missing := &tlsx.Config{Peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.File(t.TempDir() + "/none")}}}
	refused(t, missing, "Peer.CRLs[0]|"+noFile)
	_, err := tlsx.New(missing)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// sameName is another CA of the same name.
func sameName(t *testing.T, ca *pki.CA) *pki.CA {
	t.Helper()
	return rootCA(t, &pki.Config{Name: ca.Certificate().Subject.CommonName})
}

// endless cuts nextUpdate out, which x509 insists on, and signs again.
func endless(t *testing.T, ca *pki.CA) []byte {
	t.Helper()
	var outer struct {
		TBS struct {
			Version    int
			Algorithm  asn1.RawValue
			Issuer     asn1.RawValue
			This, Next asn1.RawValue
			Extensions []pkix.Extension `asn1:"optional,explicit,tag:0"`
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	_, err := asn1.Unmarshal(listOf(t, ca, nil), &outer)
	require.NoError(t, err)
	tbs, err := asn1.Marshal(struct {
		Version                 int
		Algorithm, Issuer, This asn1.RawValue
		Extensions              []pkix.Extension `asn1:"optional,explicit,tag:0"`
	}{outer.TBS.Version, outer.TBS.Algorithm, outer.TBS.Issuer, outer.TBS.This, outer.TBS.Extensions})
	require.NoError(t, err)
	der, err := asn1.Marshal(struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, outer.Algorithm, outer.Signature})
	require.NoError(t, err)
	return der
}

// TestCRLWeak has lists signed with SHA-1, as openssl makes them.
func TestCRLWeak(t *testing.T) {
	dir := t.TempDir()
	openssl(t, dir, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=weak", "-addext", "keyUsage=keyCertSign,cRLSign")
	require.NoError(t, os.WriteFile(dir+"/ca.cnf", []byte("[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_crl_days=1\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n"), 0o600))
	require.NoError(t, os.WriteFile(dir+"/index.txt", nil, 0o600))
	for md, want := range map[string]string{"sha256": "", "sha1": "is signed with MD5 or SHA-1"} {
		openssl(t, dir, "ca", "-config", "ca.cnf", "-gencrl", "-md", md, "-out", md+".crl")
		cfg := &tlsx.Config{
			Roots: tlsx.CAs{From: []tlsx.Data{tlsx.File(dir + "/ca.pem")}},
			Peer:  tlsx.Peer{CRLs: []tlsx.Data{tlsx.File(dir + "/" + md + ".crl")}},
		}
		if want == "" {
			config(t, cfg)
			continue
		}
		refused(t, cfg, "Peer.CRLs[0]|"+want)
	}
}

// TestCRLScope has lists that speak of some certificates only.
func TestCRLScope(t *testing.T) {
	a := newAuthorities(t)
	const here, there = "http://crl.example/1", "http://crl.example/2"
	leaf := certFor(t, a.root, &pki.Leaf{Names: []string{"a.example.com"}, CRLServer: here})
	server := &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}
	for name, c := range map[string]struct {
		scope   func(*x509.RevocationList)
		covered bool
	}{
		"all":            {nil, true},
		"users":          {point("", 1), true},
		"CAs":            {point("", 2), false},
		"this point":     {point(here, 1), true},
		"another point":  {point(there), false},
		"no restriction": {point(""), true},
	} {
		t.Run(name, func(t *testing.T) {
			client := &tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root), Peer: tlsx.Peer{
				CRLs: []tlsx.Data{tlsx.Text(string(listOf(t, a.root, c.scope)))},
			}}
			meet(t, config(t, client), server).pass(t)
			client.Peer.RequireCRL = true
			m := meet(t, config(t, client), server)
			if c.covered {
				m.pass(t)
			} else {
				assert.Equal(t, "Peer.RequireCRL", verifyError(t, m.clientError).Field)
			}
			// What is on a list is revoked, whatever the list is about.
			client.Peer.CRLs = []tlsx.Data{tlsx.Text(string(listOf(t, a.root, c.scope, leaf.Leaf().SerialNumber)))}
			var revoked *tlsx.RevokedError
			require.ErrorAs(t, meet(t, config(t, client), server).clientError, &revoked)
			assert.Equal(t, leaf.Leaf().SerialNumber, revoked.Serial)
			assert.Equal(t, 1, revoked.Reason)
			assert.Equal(t, "CRL", revoked.Source)
			assert.WithinDuration(t, time.Now(), revoked.Time, time.Hour)
		})
	}
}

// TestCRLOfIntermediate has lists whose issuer is not known before a peer comes.
func TestCRLOfIntermediate(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	server := &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}
	forged := tlsx.Text(string(listOf(t, sameName(t, a.inter), nil)))
	client := &tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root), Peer: tlsx.Peer{CRLs: []tlsx.Data{forged}}}
	made := config(t, client)
	for range 2 { // the second time from memory
		m := meet(t, made, server)
		e := verifyError(t, m.clientError)
		assert.Equal(t, "Peer.CRLs", e.Field)
		assert.ErrorContains(t, e, "is not signed by its issuer")
		var status *tlsx.StatusError
		assert.ErrorAs(t, e, &status)
	}
	// Another key of the same name is no matter if there is one of this key too.
	client.Peer.CRLs = append(client.Peer.CRLs, crlOf(t, a.inter), crlOf(t, a.root))
	client.Peer.RequireCRL = true
	meet(t, config(t, client), server).pass(t)
}

// TestCRLSameNameAtLoad has two CAs of one name: one of them signed the list.
func TestCRLSameNameAtLoad(t *testing.T) {
	a := newAuthorities(t)
	twin := sameName(t, a.root)
	config(t, &tlsx.Config{
		Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(twin.PEM()) + string(a.root.PEM()))}},
		Peer:  tlsx.Peer{CRLs: []tlsx.Data{crlOf(t, a.root)}},
	})
}

// TestCRLOutdatedLater has a list become outdated while the config is in use.
func TestCRLOutdatedLater(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.root, &pki.Leaf{Names: []string{"a.example.com"}})
	server := &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}
	late := time.Duration(0)
	client := config(t, &tlsx.Config{
		ServerName: "a.example.com", Roots: cas(a.root), Time: func() time.Time { return time.Now().Add(late) },
		Peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.Text(string(listOf(t, a.root, nil)))}},
	})
	meet(t, client, server).pass(t)
	late = 2 * time.Hour
	m := meet(t, client, server) // a resumed one
	var status *tlsx.StatusError
	require.ErrorAs(t, m.clientError, &status)
	assert.ErrorContains(t, status, "is outdated since")
}

// TestCRLManyIssuers makes a list remember more keys than it wants to.
func TestCRLManyIssuers(t *testing.T) {
	a := newAuthorities(t)
	var text string
	var servers []*tls.Config
	for range 20 {
		twin := sameName(t, a.other)
		text += string(twin.PEM())
		leaf := certFor(t, twin, &pki.Leaf{Names: []string{"a.example.com"}})
		servers = append(servers, &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}})
	}
	good := certFor(t, a.other, &pki.Leaf{Names: []string{"a.example.com"}})
	client := config(t, &tlsx.Config{
		ServerName: "a.example.com", Sessions: -1,
		Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(text + string(a.other.PEM()))}},
		Peer:  tlsx.Peer{CRLs: []tlsx.Data{crlOf(t, a.other)}},
	})
	for _, server := range servers {
		assert.ErrorContains(t, meet(t, client, server).clientError, "is not signed by its issuer")
	}
	meet(t, client, &tls.Config{Certificates: []tls.Certificate{good.TLS()}}).pass(t)
}

func TestCRLNegativeSerial(t *testing.T) {
	a := newAuthorities(t)
	list := listOf(t, a.root, nil, big.NewInt(-5), big.NewInt(5))
	n, err := tlsx.ParseCRLs(list)
	require.NoError(t, err)
	assert.Equal(t, 1, n)

	// It revokes no other certificate.
	leaf := special(t, a.root, func(c *x509.Certificate) {
		c.SerialNumber, c.DNSNames = big.NewInt(0x2d05), []string{"a.example.com"} // 0x2d is "-"
	})
	client := &tlsx.Config{
		ServerName: "a.example.com", Roots: cas(a.root),
		Peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.Text(string(list))}, RequireCRL: true},
	}
	meet(t, config(t, client), &tls.Config{Certificates: []tls.Certificate{leaf}}).pass(t)
}

func largeList(tb testing.TB, ca *pki.CA) []byte {
	tb.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour)}
	serial := make([]byte, 16)
	for range 100_000 {
		rand.Read(serial)
		serial[0] &= 0x7F
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: new(big.Int).SetBytes(serial), RevocationTime: time.Now(), ReasonCode: 1})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca.Certificate(), ca.Signer())
	require.NoError(tb, err)
	return der
}

// BenchmarkCRL measures lists of 100,000 certificates: reading one, and what it
// adds to the verification of a peer.
func BenchmarkCRL(b *testing.B) {
	ca, err := pki.New(nil)
	require.NoError(b, err)
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"a.example.com"}})
	require.NoError(b, err)
	der := largeList(b, ca)
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tlsx.ParseCRLs(der); err != nil {
				b.Fatal(err)
			}
		}
	})
	state := tls.ConnectionState{
		PeerCertificates: []*x509.Certificate{leaf.Leaf()},
		VerifiedChains:   [][]*x509.Certificate{{leaf.Leaf(), ca.Certificate()}},
	}
	for name, lists := range map[string][]tlsx.Data{"none": nil, "100000": {tlsx.Text(string(der))}} {
		b.Run("verify/"+name, func(b *testing.B) {
			made, err := tlsx.New(&tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}}, Peer: tlsx.Peer{CRLs: lists}})
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if err := made.VerifyConnection(state); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzCRL(f *testing.F) {
	ca, err := pki.New(nil)
	require.NoError(f, err)
	for _, change := range []func(*x509.RevocationList){nil, point("http://a", 1), point("", 2), extend(oidPoint, 0x30, 4, 0xA0, 2, 0xA1, 0)} {
		list := &x509.RevocationList{Number: big.NewInt(1), NextUpdate: time.Now().Add(time.Hour)}
		list.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(1), RevocationTime: time.Now()}}
		if change != nil {
			change(list)
		}
		der, err := x509.CreateRevocationList(rand.Reader, list, ca.Certificate(), ca.Signer())
		require.NoError(f, err)
		f.Add(der)
		f.Add(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := tlsx.ParseCRLs(text)
		if (err == nil) != (n > 0) {
			t.Fatalf("%d lists with error %v", n, err)
		}
	})
}

func FuzzPEM(f *testing.F) {
	f.Add([]byte(certPEM([]byte{1, 2, 3})))
	f.Add([]byte("words\n" + certPEM([]byte{1}) + "words\n" + certPEM([]byte{2}) + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		blocks, err := tlsx.PEMBlocks(text, "CERTIFICATE")
		if (err == nil) != (len(blocks) > 0) {
			t.Fatalf("%d blocks with error %v", len(blocks), err)
		}
	})
}
