package tlsx_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// chosen returns the common name of what a server presents, "" for none.
func chosen(t *testing.T, cfg *tls.Config, hello *tls.ClientHelloInfo) string {
	t.Helper()
	cert, err := cfg.GetCertificate(hello)
	require.NoError(t, err)
	if cert == nil {
		return ""
	}
	return cert.Leaf.Subject.CommonName
}

// named makes a certificate that tests tell by its common name.
func named(t testing.TB, ca *pki.CA, common string, names ...string) tlsx.Certificate {
	t.Helper()
	return preloaded(leafOf(t, ca, pki.Leaf{CommonName: common, Names: names}))
}

func TestChooseByName(t *testing.T) {
	ca := authority(t)
	overridden := named(t, ca, "overridden", "in.the.certificate")
	overridden.Names = []string{"Given.Example", "*.given.example", "2001:DB8:0::1"}
	cfg, err := tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{
		named(t, ca, "first", "first.example"),
		named(t, ca, "wildcard", "*.example.com", "example.com"),
		named(t, ca, "exact", "www.example.com"),
		named(t, ca, "address", "192.0.2.1", "2001:db8::2"),
		overridden,
	}})
	require.NoError(t, err)
	for name, want := range map[string]string{
		"first.example": "first", "www.example.com": "exact", "WWW.Example.COM": "exact", "www.example.com.": "exact",
		"api.example.com": "wildcard", "example.com": "wildcard", "a.b.example.com": "first", ".example.com": "first",
		"given.example": "overridden", "x.given.example": "overridden", "in.the.certificate": "first",
		"192.0.2.1": "address", "::ffff:192.0.2.1": "address", "2001:db8:0:0::2": "address", "2001:db8::1": "overridden",
		"192.0.2.2": "first", "unknown": "first", "": "first",
	} {
		assert.Equal(t, want, chosen(t, cfg, &tls.ClientHelloInfo{ServerName: name}), name)
	}
}

// addressed is a conn of a client that dialled an address.
type addressed struct {
	net.Conn

	local net.Addr
}

func (c addressed) LocalAddr() net.Addr { return c.local }

// Clients send no address as a name (RFC 6066): the one they dialled counts.
func TestChooseByAddress(t *testing.T) {
	ca := authority(t)
	cfg, err := tlsx.New(&tlsx.Config{UnknownName: tlsx.RefuseUnknown, Certificates: []tlsx.Certificate{
		named(t, ca, "name", "first.example"), named(t, ca, "address", "192.0.2.1", "fe80::1"),
	}})
	require.NoError(t, err)
	for _, c := range []struct {
		local net.Addr
		want  string
	}{
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, "address"},
		{&net.UDPAddr{IP: net.IPv4(192, 0, 2, 1).To4(), Port: 443}, "address"},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, "address"},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 2)}, ""},
		{&net.UnixAddr{Name: "x", Net: "unix"}, ""},
	} {
		assert.Equal(t, c.want, chosen(t, cfg, &tls.ClientHelloInfo{Conn: addressed{local: c.local}}), c.local.String())
	}
	assert.Empty(t, chosen(t, cfg, &tls.ClientHelloInfo{}), "QUIC has no conn")
	assert.Equal(t, "name", chosen(t, cfg, &tls.ClientHelloInfo{ServerName: "first.example", Conn: addressed{local: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}}))
}

func TestChooseDefault(t *testing.T) {
	ca := authority(t)
	first, marked := named(t, ca, "first", "first.example"), named(t, ca, "marked", "marked.example")
	marked.Default = true
	nameless := preloaded(leafOf(t, ca, pki.Leaf{CommonName: "nameless"}))
	star := named(t, ca, "star", "*.example.com")
	for want, list := range map[string][]tlsx.Certificate{
		"marked": {first, marked}, "first": {first, star}, "nameless": {nameless, first}, "star": {star, first},
	} {
		cfg, err := tlsx.New(&tlsx.Config{Certificates: list})
		require.NoError(t, err)
		assert.Equal(t, want, chosen(t, cfg, &tls.ClientHelloInfo{}))
		assert.Equal(t, want, chosen(t, cfg, &tls.ClientHelloInfo{ServerName: "unknown.example"}))
	}
}

// A client's wish for another kind of key is met by a twin, wherever it stands.
func TestChooseBySignature(t *testing.T) {
	ca := authority(t)
	kind := func(common string, key pki.KeyType, names ...string) tlsx.Certificate {
		return preloaded(leafOf(t, ca, pki.Leaf{CommonName: common, Names: names, Key: key}))
	}
	cfg, err := tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{
		kind("ecdsa", pki.ECDSAP256, "pair.example"),
		kind("never", pki.ECDSAP256, "pair.example"),
		kind("rsa", pki.RSA2048, "pair.example"),
		kind("exact", pki.Ed25519, "a.wild.example"),
		kind("wild", pki.RSA2048, "*.wild.example"),
	}})
	require.NoError(t, err)
	ecdsa := []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}
	rsa := []tls.SignatureScheme{tls.PSSWithSHA256, tls.PKCS1WithSHA256}
	for _, c := range []struct {
		name    string
		schemes []tls.SignatureScheme
		want    string
	}{
		{"pair.example", ecdsa, "ecdsa"},
		{"pair.example", rsa, "rsa"},
		{"pair.example", append(rsa, ecdsa...), "ecdsa"},
		{"", rsa, "rsa"},
		{"pair.example", []tls.SignatureScheme{tls.Ed25519}, "ecdsa"}, // which fails, for that reason
		{"a.wild.example", []tls.SignatureScheme{tls.Ed25519}, "exact"},
		{"a.wild.example", rsa, "wild"},
		{"b.wild.example", ecdsa, "wild"},
	} {
		hello := &tls.ClientHelloInfo{ServerName: c.name, SignatureSchemes: c.schemes, SupportedVersions: []uint16{tls.VersionTLS13}}
		assert.Equal(t, c.want, chosen(t, cfg, hello), "%s %v", c.name, c.schemes)
		assert.Equal(t, c.name, hello.ServerName)
	}
}

// A pair under names that are not in the certificates is one, too.
func TestChooseOverriddenPair(t *testing.T) {
	ca := authority(t)
	ecdsa := preloaded(leafOf(t, ca, pki.Leaf{CommonName: "ecdsa", Names: []string{"other.example"}}))
	rsa := preloaded(leafOf(t, ca, pki.Leaf{CommonName: "rsa", Names: []string{"other.example"}, Key: pki.RSA2048}))
	ecdsa.Names, rsa.Names = []string{"given.example"}, []string{"given.example"}
	cfg, err := tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{ecdsa, rsa}})
	require.NoError(t, err)
	assert.Equal(t, "rsa", chosen(t, cfg, &tls.ClientHelloInfo{
		ServerName: "given.example", SignatureSchemes: []tls.SignatureScheme{tls.PSSWithSHA256}, SupportedVersions: []uint16{tls.VersionTLS13},
	}))
}

// The alert is unrecognized_name, in each version, with and without a name.
func TestRefuseUnknown(t *testing.T) {
	ca := authority(t)
	cfg := one(named(t, ca, "known", "known.example"))
	cfg.UnknownName = tlsx.RefuseUnknown
	server, err := tlsx.New(cfg)
	require.NoError(t, err)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, name := range []string{"unknown.example", "", "sub.known.example"} {
			client := &tls.Config{ServerName: name, InsecureSkipVerify: true, MaxVersion: version}
			_, err := shake(t, server, client)
			require.ErrorContains(t, err, "unrecognized name", "%s %q", tls.VersionName(version), name)
		}
		_, err := shake(t, server, &tls.Config{ServerName: "known.example", RootCAs: ca.Pool(), MaxVersion: version})
		require.NoError(t, err)
	}
}

// The same as openssl sees it.
// A certificate with an empty name is not for clients that ask for none.
func TestEmptyNameInCertificate(t *testing.T) {
	ca := authority(t)
	empty := special(t, ca, func(c *x509.Certificate) { c.DNSNames = []string{"", "a.example"} })
	cfg := &tlsx.Config{Certificates: []tlsx.Certificate{named(t, ca, "first", "first.example"), {Value: &empty}}}
	for policy, want := range map[tlsx.UnknownName]string{tlsx.PresentDefault: "first", tlsx.RefuseUnknown: ""} {
		cfg.UnknownName = policy
		made, err := tlsx.New(cfg)
		require.NoError(t, err)
		assert.Equal(t, want, chosen(t, made, &tls.ClientHelloInfo{}), policy)
		assert.Equal(t, "special", chosen(t, made, &tls.ClientHelloInfo{ServerName: "a.example"}), policy)
	}
}

func TestRefuseUnknownOpenSSL(t *testing.T) {
	cfg := one(named(t, authority(t), "known", "known.example"))
	cfg.UnknownName = tlsx.RefuseUnknown
	server, err := tlsx.New(cfg)
	require.NoError(t, err)
	address := serve(t, server).String()
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		out := sClient(t, "-connect", address, version, "-servername", "unknown.example")
		assert.Contains(t, out, "SSL alert number 112", version)
		out = sClient(t, "-connect", address, version, "-noservername")
		assert.Contains(t, out, "SSL alert number 112", version)
		out = sClient(t, "-connect", address, version, "-servername", "KNOWN.example")
		assert.Contains(t, out, "subject=CN = known", version)
	}
}

// Versions, suites and curves as openssl negotiates them.
func TestNegotiatedWithOpenSSL(t *testing.T) {
	ca := authority(t)
	rsa := preloaded(leafOf(t, ca, pki.Leaf{Names: []string{"example.com"}, Key: pki.RSA2048}))
	ecdsa := preloaded(leafOf(t, ca, pki.Leaf{Names: []string{"example.com"}, Key: pki.ECDSAP384}))
	server, err := tlsx.New(&tlsx.Config{
		Certificates: []tlsx.Certificate{ecdsa, rsa},
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
		Curves:       []tls.CurveID{tls.CurveP384, tls.CurveP521},
	})
	require.NoError(t, err)
	address := serve(t, server).String()
	connect := func(args ...string) string {
		return sClient(t, append([]string{"-connect", address, "-servername", "example.com"}, args...)...)
	}
	out := connect("-tls1_2", "-curves", "P-256:P-521:P-384")
	assert.Contains(t, out, "ECDHE-ECDSA-CHACHA20-POLY1305")
	assert.Contains(t, out, "Server Temp Key: ECDH, secp521r1")
	out = connect("-tls1_2", "-sigalgs", "RSA-PSS+SHA256", "-curves", "P-384")
	assert.Contains(t, out, "ECDHE-RSA-AES256-GCM-SHA384")
	assert.Contains(t, out, "Server Temp Key: ECDH, secp384r1")
	assert.Contains(t, connect("-tls1_3", "-sigalgs", "RSA-PSS+SHA256"), "Peer signature type: RSA-PSS")
	assert.Contains(t, connect("-tls1_3"), "Peer signature type: ECDSA")
	assert.Contains(t, connect("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "alert handshake failure")
	assert.Contains(t, connect("-tls1_3", "-curves", "X25519"), "alert handshake failure")
	assert.Contains(t, connect("-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"), "alert protocol version")
}

// A client presents the first that the server's CAs and schemes admit.
func TestChooseForServer(t *testing.T) {
	one, two, three := authority(t), authority2(t, "two"), authority2(t, "three")
	sub, err := two.Intermediate(nil)
	require.NoError(t, err)
	cfg, err := tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{
		named(t, one, "one", "a.example"),
		named(t, sub, "two", "a.example"),
		preloaded(leafOf(t, sub, pki.Leaf{CommonName: "two rsa", Names: []string{"a.example"}, Key: pki.RSA2048})),
	}})
	require.NoError(t, err)
	all := []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256}
	for _, c := range []struct {
		cas     []*pki.CA
		schemes []tls.SignatureScheme
		want    string
	}{
		{nil, all, "one"},
		{[]*pki.CA{one}, all, "one"},
		{[]*pki.CA{two, one, two}, all, "one"},
		{[]*pki.CA{three, two}, all, "two"},
		{[]*pki.CA{sub}, all, "two"},
		{[]*pki.CA{two}, all[1:], "two rsa"},
		{nil, all[1:], "two rsa"},
		{[]*pki.CA{three}, all, ""},
		{[]*pki.CA{one}, all[1:], ""},
	} {
		info := &tls.CertificateRequestInfo{Version: tls.VersionTLS13, SignatureSchemes: c.schemes}
		for _, ca := range c.cas {
			info.AcceptableCAs = append(info.AcceptableCAs, ca.Certificate().RawSubject)
		}
		cert, err := cfg.GetClientCertificate(info)
		require.NoError(t, err)
		require.NotNil(t, cert)
		if c.want == "" {
			assert.Empty(t, cert.Certificate)
			continue
		}
		require.NotNil(t, cert.Leaf)
		assert.Equal(t, c.want, cert.Leaf.Subject.CommonName)
		require.NoError(t, info.SupportsCertificate(cert), "as crypto/tls sees it")
	}
}

func authority2(t *testing.T, name string) *pki.CA {
	t.Helper()
	ca, err := pki.New(&pki.Config{Name: name})
	require.NoError(t, err)
	return ca
}

// Both sides of a real handshake choose.
func TestChooseOnBothSides(t *testing.T) {
	ca, other := authority(t), authority2(t, "other")
	server, err := tlsx.New(&tlsx.Config{
		Certificates: []tlsx.Certificate{named(t, ca, "a", "a.example"), named(t, ca, "b", "*.b.example")},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}},
	})
	require.NoError(t, err)
	user, err := tlsx.New(&tlsx.Config{
		ServerName:   "x.b.example",
		Roots:        tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}},
		Certificates: []tlsx.Certificate{named(t, other, "wrong", "u.example"), named(t, ca, "right", "u.example")},
		ALPN:         []string{"h2"},
	})
	require.NoError(t, err)
	atClient, atServer, err := shakeBoth(t, server, user)
	require.NoError(t, err)
	assert.Equal(t, "b", atClient.PeerCertificates[0].Subject.CommonName)
	assert.Equal(t, "right", atServer.PeerCertificates[0].Subject.CommonName)
	seen := tlsx.Describe(atServer).String()
	assert.True(t, strings.HasPrefix(seen, "TLS 1.3 TLS_"), seen)
	assert.Contains(t, seen, ` X25519MLKEM768 name="x.b.example" peer="u.example"`)
	assert.NotContains(t, seen, "unverified")
}

// What crypto/x509 takes a certificate to be valid for is what it is presented
// for, and nothing else that is a name at all.
func FuzzChoose(f *testing.F) {
	ca := authority(f)
	cfg := &tlsx.Config{UnknownName: tlsx.RefuseUnknown, Certificates: []tlsx.Certificate{
		named(f, ca, "c", "example.com", "*.example.com", "*.a.example.com", "192.0.2.1", "2001:db8::1", "x_y.example"),
	}}
	server, err := tlsx.New(cfg)
	require.NoError(f, err)
	leaf := cfg.Certificates[0].Value.Leaf
	for _, name := range []string{
		"example.com", "WWW.example.com.", "a.b.example.com", "b.a.example.com", ".example.com", "*.example.com", "192.0.2.1",
		"2001:DB8::1", "::ffff:192.0.2.1", "x_y.example", "", ".", "example.com..", "-.example.com", "192.0.2.1.", "\u212a.example.com", "\u0130.example.com",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		cert, err := server.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
		require.NoError(t, err)
		if strings.HasPrefix(name, "[") {
			return // x509 takes the brackets of a URL, which no client sends
		}
		valid := leaf.VerifyHostname(name) == nil
		if _, err := tlsx.New(&tlsx.Config{ServerName: name}); valid || (err == nil && name != "") {
			require.Equal(t, valid, cert != nil, "%q", name)
		}
	})
}
