package socketz

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// security is the state of TLS, without anything that is secret.
type security struct {
	Version    string `json:"version,omitempty"`
	Suite      string `json:"cipherSuite,omitempty"`
	Curve      string `json:"curve,omitempty"`
	ServerName string `json:"serverName,omitempty"`
	Protocol   string `json:"alpn,omitempty"`
	Resumed    bool   `json:"resumed"`
	ECH        bool   `json:"ech"`
	Complete   bool   `json:"handshakeComplete"`
	Verified   bool   `json:"peerVerified"`
	Peer       *peer  `json:"peerCertificate,omitempty"`
}

// A peer is the certificate that a peer has shown.
type peer struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	Names    []string  `json:"names,omitempty"`
	NotAfter time.Time `json:"notAfter"`
}

// security asks for the state of TLS; nil for a conn without.
func (e *record) security(conn any) *security {
	var s *tls.ConnectionState
	if e.socket.TLS != nil {
		s = e.socket.TLS(conn)
	} else if c, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		now := c.ConnectionState()
		s = &now
	}
	if s == nil {
		return nil
	}
	return newSecurity(s)
}

func newSecurity(s *tls.ConnectionState) *security {
	v := &security{
		ServerName: printable(s.ServerName), Protocol: printable(s.NegotiatedProtocol), Resumed: s.DidResume, ECH: s.ECHAccepted,
		Complete: s.HandshakeComplete, Verified: len(s.VerifiedChains) > 0,
	}
	if s.Version != 0 {
		v.Version, v.Suite = versionName(s.Version), tls.CipherSuiteName(s.CipherSuite)
	}
	if s.CurveID != 0 {
		v.Curve = s.CurveID.String()
	}
	if len(s.PeerCertificates) > 0 {
		v.Peer = newPeer(s.PeerCertificates[0])
	}
	return v
}

// versionName knows DTLS 1.2 too (RFC 6347), whose other functions are those of TLS.
func versionName(v uint16) string {
	const dtls12 = 0xfefd
	if v == dtls12 {
		return "DTLS 1.2"
	}
	return tls.VersionName(v)
}

func newPeer(c *x509.Certificate) *peer {
	p := &peer{Subject: printable(c.Subject.String()), Issuer: printable(c.Issuer.String()), NotAfter: c.NotAfter}
	const enough = 10
	for _, name := range c.DNSNames[:min(enough, len(c.DNSNames))] {
		p.Names = append(p.Names, printable(name))
	}
	return p
}
