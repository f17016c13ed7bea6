package tlsx_test

import (
	"crypto/x509"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

func uris(t testing.TB, list ...string) []*url.URL {
	var all []*url.URL
	for _, s := range list {
		u, err := url.Parse(s)
		require.NoError(t, err)
		all = append(all, u)
	}
	return all
}

func TestNames(t *testing.T) {
	spiffe := func(list ...string) *x509.Certificate { return &x509.Certificate{URIs: uris(t, list...)} }
	dns := func(list ...string) *x509.Certificate { return &x509.Certificate{DNSNames: list} }
	ip := func(s string) *x509.Certificate { return &x509.Certificate{IPAddresses: []net.IP{net.ParseIP(s)}} }
	email := func(s string) *x509.Certificate { return &x509.Certificate{EmailAddresses: []string{s}} }
	authority := spiffe("spiffe://a.org/x")
	authority.IsCA = true
	signing := func(usage x509.KeyUsage) *x509.Certificate {
		c := spiffe("spiffe://a.org/x")
		c.KeyUsage = x509.KeyUsageDigitalSignature | usage
		return c
	}
	for _, c := range []struct {
		name string
		cert *x509.Certificate
		want bool
	}{
		{"a.example.com", dns("b.example.com", "A.example.com"), true},
		{"A.Example.com.", dns("a.example.com."), true},
		{"a.example.com", dns("*.example.com"), true},
		{"a.b.example.com", dns("*.example.com"), false},
		{"example.com", dns("*.example.com"), false},
		{"a", dns("*."), false},
		{"a.example.com", dns("xa.example.com", "a.example.com.x"), false},
		{"*.example.com", dns("a.example.com"), true},
		{"*.example.com", dns("*.example.com"), true},
		{"*.example.com", dns("a.b.example.com"), false},
		{"*.example.com", dns("example.com"), false},
		{"*.example.com", dns(".example.com"), false},
		{"*.example.com", dns("*.*.example.com"), false},
		{"192.0.2.1", ip("192.0.2.1"), true},
		{"::ffff:192.0.2.1", ip("192.0.2.1"), true},
		{"192.0.2.1", dns("192.0.2.1"), false},
		{"2001:db8::1", ip("2001:db8:0::1"), true},
		{"2001:db8::1", ip("2001:db8::2"), false},
		{"192.0.2.1", &x509.Certificate{IPAddresses: []net.IP{{1}}}, false},
		{"a@Example.com", email("a@example.COM"), true},
		{"a@example.com", email("A@example.com"), false},
		{"a@example.com", email("example.com"), false},
		{"HTTPS://Example.com/a", spiffe("https://example.com/a"), true},
		{"https://example.com/a", spiffe("https://example.com/A"), false},
		{"https://example.com/a", spiffe("https://example.com/a?b"), false},
		{"spiffe://a.org/x", spiffe("spiffe://a.org/x"), true},
		{"spiffe://a.org/x", spiffe("spiffe://a.org/x/y"), false},
		{"spiffe://a.org/x", spiffe("spiffe://a.org/X"), false},
		{"spiffe://a.org/x", spiffe("spiffe://A.org/x"), false},
		{"spiffe://a.org/x", spiffe("spiffe://a.org/%78"), false},
		{"spiffe://a.org/x", spiffe("spiffe://a.org/x", "spiffe://a.org/y"), false},
		{"spiffe://a.org/x", authority, false},
		{"spiffe://a.org/x", signing(x509.KeyUsageKeyAgreement), true},
		{"spiffe://a.org/x", signing(x509.KeyUsageCertSign), false},
		{"spiffe://a.org/x", signing(x509.KeyUsageCRLSign), false},
		{"spiffe://a.org", spiffe("spiffe://a.org"), true},
		{"spiffe://a.org", spiffe("spiffe://a.org/x"), false},
		{"spiffe://a.org/*", spiffe("spiffe://a.org/x/y"), true},
		{"spiffe://a.org/*", spiffe("spiffe://a.org"), false},
		{"spiffe://a.org/*", spiffe("spiffe://a.org.evil/x"), false},
		{"spiffe://a.org/*", spiffe("spiffe://user@a.org/x"), false},
		{"spiffe://a.org/*", spiffe("https://a.org/x"), false},
		{"spiffe://a.org/ns/*", spiffe("spiffe://a.org/ns/x"), true},
		{"spiffe://a.org/ns/*", spiffe("spiffe://a.org/nsx/y"), false},
		{"spiffe://a.org/ns/*", spiffe("spiffe://a.org/ns"), false},
		{"spiffe://a.org/ns/*", dns("a.org"), false},
	} {
		got, err := tlsx.HasName(c.name, c.cert)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, got, "%s in %v", c.name, c.cert)
	}
}

func TestNamesRefused(t *testing.T) {
	for _, name := range []string{
		"", "*", "*.", "*.*.example", "a.*.example", "a*.example", "-a.example", "bücher.example", "\u212a.example", "a@\u212a.example", "a b", strings.Repeat("a.", 130) + "a",
		"*.192.0.2.1", "192.0.2.1/24", "fe80::1%eth0", "@example.com", "a@", "a@b@c", "a <a@example.com>", "a@192.0.2.1",
		"https://", "://a", "https://%zz/", "https://\u212a.example/", "https://%E2%84%AA.example/", "mailto:a", "/a://b",
		"spiffe://", "spiffe:///x", "SPIFFE://a.org/x", "spiffe://A.org/x", "spiffe://a.org/", "spiffe://a.org/x/", "spiffe://a.org//x",
		"spiffe://a.org/./x", "spiffe://a.org/../x", "spiffe://a.org/x?y", "spiffe://a.org/x#y", "spiffe://a.org:1/x", "spiffe://u@a.org/x",
		"spiffe://a.org/%41", "spiffe://*/x", "spiffe://a.org/*/x", "spiffe://a.org/x*", "spiffe://" + strings.Repeat("a", 256) + "/x",
		"spiffe://a.org/" + strings.Repeat("a", 2048), "spiffe://a.org/x/*/*", "spiffe:///*",
	} {
		_, err := tlsx.HasName(name, &x509.Certificate{})
		assert.Error(t, err, name)
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"a.example.com", "*.example.com", "192.0.2.1", "::1", "a@b.example", "https://a/b", "spiffe://a.org/x", "spiffe://a.org/*"} {
		f.Add(s)
	}
	cert := &x509.Certificate{
		DNSNames: []string{"a.example.com", "*.b.example"}, IPAddresses: []net.IP{net.IPv6loopback},
		EmailAddresses: []string{"a@b.example"}, URIs: uris(f, "spiffe://a.org/x"),
	}
	f.Fuzz(func(t *testing.T, s string) {
		in, err := tlsx.HasName(s, cert)
		if err != nil && in {
			t.Fatal("a name that is none is in the certificate")
		}
		if err == nil && in && s == "" {
			t.Fatal("nothing is in the certificate")
		}
		// A name without a wildcard that is accepted is in a certificate of just that name.
		if err == nil && strings.HasPrefix(s, "spiffe://") && !strings.HasSuffix(s, "*") {
			own, _ := tlsx.HasName(s, &x509.Certificate{URIs: uris(t, s)})
			if !own {
				t.Fatalf("%q is not in its own certificate", s)
			}
		}
	})
}

func TestPin(t *testing.T) {
	const want = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	for _, s := range []string{want, want[len("sha256/"):]} {
		got, err := tlsx.ParsePin(s)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, s := range []string{"", "sha256/", "sha1/" + want[7:], want[:len(want)-1], want + "=", "sha256//" + want[7:], want[:20] + "\n" + want[20:]} {
		_, err := tlsx.ParsePin(s)
		assert.Error(t, err, s)
	}
}

func FuzzPin(f *testing.F) {
	f.Add("sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := tlsx.ParsePin(s)
		if err == nil && got != "sha256/"+strings.TrimPrefix(s, "sha256/") {
			t.Fatalf("%q is read as %q", s, got)
		}
	})
}
