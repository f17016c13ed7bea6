package tlsx_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/tlsx"
)

func TestDescribe(t *testing.T) {
	end := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	peer := &x509.Certificate{
		Subject: pkix.Name{CommonName: "client"}, Issuer: pkix.Name{CommonName: "ca"},
		SerialNumber: big.NewInt(255), NotAfter: end, DNSNames: []string{"a\nb.example"},
	}
	s := tlsx.Describe(tls.ConnectionState{
		Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, CurveID: tls.X25519MLKEM768,
		ServerName: "example.com", NegotiatedProtocol: "h2", DidResume: true, ECHAccepted: true,
		PeerCertificates: []*x509.Certificate{peer}, VerifiedChains: [][]*x509.Certificate{{peer}},
	})
	assert.Equal(t, tlsx.Session{
		Version: "TLS 1.3", CipherSuite: "TLS_AES_128_GCM_SHA256", Curve: "X25519MLKEM768",
		ServerName: "example.com", ALPN: "h2", Resumed: true, ECH: true,
		Peer: &tlsx.PeerCertificate{Name: "a\nb.example", Issuer: "CN=ca", Serial: "ff", NotAfter: end, Verified: true},
	}, s)
	assert.Equal(t, `TLS 1.3 TLS_AES_128_GCM_SHA256 X25519MLKEM768 name="example.com" alpn="h2" resumed ech peer="a\nb.example"`, s.String())
}

// The name of a peer is the most telling that its certificate has.
func TestDescribePeer(t *testing.T) {
	c := &x509.Certificate{Subject: pkix.Name{CommonName: "client"}}
	for _, step := range []struct {
		add  func()
		want string
	}{
		{func() {}, "CN=client"},
		{func() { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }, "192.0.2.1"},
		{func() { c.EmailAddresses = []string{"a@example.com"} }, "a@example.com"},
		{func() { c.DNSNames = []string{"example.com"} }, "example.com"},
		{func() { c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example.org", Path: "/a"}} }, "spiffe://example.org/a"},
	} {
		step.add()
		s := tlsx.Describe(tls.ConnectionState{Version: tls.VersionTLS12, PeerCertificates: []*x509.Certificate{c}})
		assert.Equal(t, step.want, s.Peer.Name)
		assert.Contains(t, s.String(), "unverified")
	}
	assert.Empty(t, tlsx.Describe(tls.ConnectionState{}).String(), "no handshake yet")
}
