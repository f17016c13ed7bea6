package acme

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/crypto/acme"
)

const challengePath = "/.well-known/acme-challenge/"

var (
	errNotOurs = errors.New("is not among Hosts")
	errNotYet  = errors.New("has no certificate yet")
	errNoProof = errors.New("has no challenge in progress")
)

// GetCertificate is for [tls.Config.GetCertificate]. It returns the certificate
// for the name that the client asks for, and answers challenges. A name that is
// not among Hosts, or that there is no certificate for yet, is an error.
func (m *Manager) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := normal(hello.ServerName)
	m.mu.RLock()
	defer m.mu.RUnlock()
	if isChallenge(hello) {
		if proof := m.proofs[host]; proof != nil {
			return proof, nil
		}
		return nil, hostError("present", host, errNoProof)
	}
	if cert := m.certs[host]; cert != nil {
		return cert, nil
	}
	if slices.Contains(m.cfg.Hosts, host) {
		return nil, hostError("present", host, errNotYet)
	}
	return nil, hostError("present", host, errNotOurs)
}

// isChallenge tells the CA's handshakes apart (RFC 8737, section 3).
func isChallenge(hello *tls.ClientHelloInfo) bool {
	return slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto})
}

// ours reports whether hello is for one of Hosts, or a challenge.
func (m *Manager) ours(hello *tls.ClientHelloInfo) bool {
	return isChallenge(hello) || slices.Contains(m.cfg.Hosts, normal(hello.ServerName))
}

// TLSConfig returns a clone of base that presents the certificates, and answers
// challenges. Names that are not among Hosts get what base has for them. nil: a
// config with TLS 1.2 or newer, HTTP/2 and HTTP/1.1, for Hosts only. What
// base.GetConfigForClient returns is treated in the same way. A base without
// NextProtos goes on taking clients that offer any; what is changed in a clone of
// the config, ClientAuth for instance, does not hold for challenges then.
func (m *Manager) TLSConfig(base *tls.Config) *tls.Config {
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	}
	t := m.presenting(base)
	if base.GetConfigForClient == nil && len(t.NextProtos) > 0 {
		return t
	}
	t.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		use := t
		if base.GetConfigForClient != nil {
			given, err := base.GetConfigForClient(hello)
			if err != nil {
				return nil, err
			}
			if given != nil {
				use = m.presenting(given)
			}
		}
		switch {
		case isChallenge(hello) && !slices.Contains(use.NextProtos, acme.ALPNProto): // net/http adds others
			use = use.Clone()
			use.NextProtos = []string{acme.ALPNProto}
		case use == t:
			return nil, nil //nolint:nilnil // crypto/tls goes on with what it has
		}
		return use, nil
	}
	return t
}

// presenting returns a clone of base with the certificates. The protocol of
// challenges joins others only: alone, crypto/tls would refuse whoever offers
// another one.
func (m *Manager) presenting(base *tls.Config) *tls.Config {
	t := base.Clone()
	t.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if !m.ours(hello) {
			if base.GetCertificate != nil {
				return base.GetCertificate(hello)
			}
			if len(base.Certificates) > 0 || base.NameToCertificate != nil { //nolint:staticcheck // it still counts if it is set
				return nil, nil //nolint:nilnil // so crypto/tls looks into Certificates
			}
		}
		return m.GetCertificate(hello)
	}
	if len(t.NextProtos) > 0 && !slices.Contains(t.NextProtos, acme.ALPNProto) {
		t.NextProtos = append(slices.Clone(t.NextProtos), acme.ALPNProto)
	}
	return t
}

// HTTPHandler answers challenges, for a server on port 80, and leaves everything
// else to next; nil: not found.
func (m *Manager) HTTPHandler(next http.Handler) http.Handler {
	if next == nil {
		next = http.NotFoundHandler()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, challengePath) {
			next.ServeHTTP(w, r)
			return
		}
		m.mu.RLock()
		answer, ok := m.tokens[r.URL.Path]
		m.mu.RUnlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Write([]byte(answer)) //nolint:errcheck // the CA asks again
	})
}
