package tlsx

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
)

// follow returns a config like built whose callbacks ask the generation of the
// moment. A clone of it, and NextProtos of the clone, work as with any config.
func (s *Source) follow(built *tls.Config) *tls.Config {
	t := built.Clone()
	if len(s.cfg.Certificates) > 0 {
		t.GetCertificate = s.certificate
		t.GetClientCertificate = s.clientCertificate
	}
	if len(s.cfg.Tickets.Keys) > 0 {
		t.WrapSession = s.wrapSession
		t.UnwrapSession = s.unwrapSession
	}
	if len(s.cfg.ECH.Keys) > 0 {
		t.EncryptedClientHelloKeys = nil
		t.GetEncryptedClientHelloKeys = s.echKeys
	}
	if t.ClientSessionCache != nil {
		t.ClientSessionCache = sessions{s}
	}
	t.VerifyConnection = s.verify
	s.followCAs(t)
	return t
}

// followCAs replaces what crypto/tls can only do with CAs that stay. The roots
// for a refusal of ECH have to: up to Go 1.26 EncryptedClientHelloRejectionVerify
// is called before the state has the server's certificates.
func (s *Source) followCAs(t *tls.Config) {
	roots := outside(s.cfg.Roots.From)
	if roots {
		t.InsecureSkipVerify = true
		t.VerifyConnection = s.verifyServer
	}
	if roots || outside(s.cfg.ClientCAs.From) {
		t.GetConfigForClient = s.configForClient
	}
}

// generation returns what built is in use as.
func (s *Source) generation(built *tls.Config, m *material) *generation {
	g := &generation{config: built, sessions: s.cfg.sessions(), verifier: s.cfg.verifier(m), material: m}
	if s.config.GetConfigForClient != nil {
		t := s.config.Clone()
		t.GetConfigForClient = nil
		t.ClientCAs = built.ClientCAs
		t.VerifyConnection = s.verify
		g.server = t
	}
	for i := range m.certificates {
		g.leaves = append(g.leaves, m.certificates[i].Leaf)
		for _, der := range m.certificates[i].Certificate {
			g.expires(der)
		}
	}
	return g
}

// expires counts one certificate of a chain in.
func (g *generation) expires(der []byte) {
	x, err := x509.ParseCertificate(der) // as load did, for all but a Certificate.Value
	if err == nil && (g.expiry.IsZero() || x.NotAfter.Before(g.expiry)) {
		g.expiry = x.NotAfter
	}
}

// verify looks at a peer whose chain crypto/tls has verified.
func (s *Source) verify(state tls.ConnectionState) error {
	return s.now.Load().verifier.Verify(state)
}

// verifyServer verifies the chain too.
func (s *Source) verifyServer(state tls.ConnectionState) error {
	return s.now.Load().verifier.verifyServer(state)
}

func (s *Source) current() *tls.Config { return s.now.Load().config }

// configForClient hands out the CAs that clients are verified with now.
func (s *Source) configForClient(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	t := s.now.Load().server
	if protos, ok := nextProtos(hello); ok && !slices.Equal(protos, t.NextProtos) {
		t = t.Clone()
		t.NextProtos = protos
	}
	return t, nil
}

func (s *Source) wrapSession(state tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
	return s.current().EncryptTicket(state, session)
}

func (s *Source) unwrapSession(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
	return s.current().DecryptTicket(ticket, state)
}

func (s *Source) echKeys(*tls.ClientHelloInfo) ([]tls.EncryptedClientHelloKey, error) {
	return s.current().EncryptedClientHelloKeys, nil
}

func (s *Source) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.current().GetCertificate(hello)
}

func (s *Source) clientCertificate(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return s.current().GetClientCertificate(request)
}

// keepSessions goes on with the sessions of the generation before. Those of
// Config and of Current are apart: crypto/tls resumes none that it has not
// verified itself where it is to verify.
func (g *generation) keepSessions(before *generation) {
	g.sessions = before.sessions
	g.config.ClientSessionCache = before.config.ClientSessionCache
}

// sessions is the cache of the generation of the moment.
type sessions struct{ source *Source }

func (c sessions) Get(key string) (*tls.ClientSessionState, bool) {
	return c.source.now.Load().sessions.Get(key)
}

func (c sessions) Put(key string, state *tls.ClientSessionState) {
	c.source.now.Load().sessions.Put(key, state)
}
