package tlsx

import (
	"crypto/tls"
	"crypto/x509"
	"strconv"
	"strings"
	"time"
)

// Session is what two sides agreed on, in words, for logs.
type Session struct {
	// Version is "TLS 1.3" for instance.
	Version string
	// CipherSuite and Curve are IANA names. Curve is "" with RSA key exchange.
	CipherSuite, Curve string
	// ServerName is what the client asked for, "" if nothing.
	ServerName string
	// ALPN is the application protocol, "" if none was agreed on.
	ALPN string
	// Resumed tells that no certificate was sent, as the two had met before.
	Resumed bool
	// ECH tells that the client's hello was encrypted, and accepted as such.
	ECH bool
	// Peer is the peer's certificate, nil if it showed none.
	Peer *PeerCertificate
}

// PeerCertificate is what a log needs to know of a certificate.
type PeerCertificate struct {
	// Name is its first URI, DNS name, e-mail or IP address, else its subject.
	Name string
	// Issuer is the issuer's distinguished name.
	Issuer string
	// Serial is the serial number in hex.
	Serial string
	// NotAfter is when it expires.
	NotAfter time.Time
	// Verified tells that a chain to a CA was found.
	Verified bool
}

// Describe returns what a conn's two sides agreed on. The state is that of
// [tls.Conn.ConnectionState] after the handshake, or of http.Request.TLS.
func Describe(state tls.ConnectionState) Session {
	s := Session{
		ServerName: state.ServerName,
		ALPN:       state.NegotiatedProtocol,
		Resumed:    state.DidResume,
		ECH:        state.ECHAccepted,
	}
	if state.Version != 0 {
		s.Version = tls.VersionName(state.Version)
		s.CipherSuite = tls.CipherSuiteName(state.CipherSuite)
	}
	if state.CurveID != 0 {
		s.Curve = CurveName(state.CurveID)
	}
	if len(state.PeerCertificates) > 0 {
		s.Peer = describe(state.PeerCertificates[0])
		s.Peer.Verified = len(state.VerifiedChains) > 0
	}
	return s
}

func describe(c *x509.Certificate) *PeerCertificate {
	p := &PeerCertificate{Name: c.Subject.String(), Issuer: c.Issuer.String(), NotAfter: c.NotAfter}
	if c.SerialNumber != nil {
		p.Serial = c.SerialNumber.Text(16)
	}
	switch {
	case len(c.URIs) > 0:
		p.Name = c.URIs[0].String()
	case len(c.DNSNames) > 0:
		p.Name = c.DNSNames[0]
	case len(c.EmailAddresses) > 0:
		p.Name = c.EmailAddresses[0]
	case len(c.IPAddresses) > 0:
		p.Name = c.IPAddresses[0].String()
	}
	return p
}

// String returns one line, for instance
//
//	TLS 1.3 TLS_AES_128_GCM_SHA256 X25519MLKEM768 name="example.com" alpn="h2" resumed
//
// Texts that the peer chose are quoted, so that they cannot break the line.
func (s Session) String() string {
	var words []string
	for _, word := range []string{s.Version, s.CipherSuite, s.Curve} {
		if word != "" {
			words = append(words, word)
		}
	}
	quoted := func(key, value string) {
		if value != "" {
			words = append(words, key+"="+strconv.Quote(value))
		}
	}
	flag := func(word string, on bool) {
		if on {
			words = append(words, word)
		}
	}
	quoted("name", s.ServerName)
	quoted("alpn", s.ALPN)
	flag("resumed", s.Resumed)
	flag("ech", s.ECH)
	if s.Peer != nil {
		quoted("peer", s.Peer.Name)
		flag("unverified", !s.Peer.Verified)
	}
	return strings.Join(words, " ")
}
