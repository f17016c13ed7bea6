package tlsx

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// verifier is what a Config and one state of its files say about peers. It
// never changes and is safe for concurrent use, so that a [Source] can replace
// it as a whole.
type verifier struct {
	names         []peerName
	wantNames     []string
	pins          pins
	crls          crls
	requireCRL    bool
	requireStaple bool
	unverified    bool           // chains are not verified: Insecure, or the mode of ClientAuth
	roots         *x509.CertPool // for verifyServer; nil: the system's
	serverName    string
	now           func() time.Time
}

// now is the time by the Config's clock.
func (c *Config) now() time.Time {
	if c.Time != nil {
		return c.Time()
	}
	return time.Now()
}

// verifier returns what c and m say.
func (c *Config) verifier(m *material) *verifier {
	v := &verifier{
		crls: m.crls, roots: m.roots,
		requireCRL: c.Peer.RequireCRL, requireStaple: c.Peer.RequireStaple,
		unverified: c.unverified(), serverName: c.ServerName, now: c.now,
	}
	var checked problems // was checked in prepare
	v.names, v.pins = c.Peer.compile(&checked)
	v.wantNames = c.Peer.Names
	return v
}

// verifyPeers makes t verify its peers by m. The policy is in VerifyConnection,
// which resumed conns come by too; VerifyPeerCertificate is not called on them.
func (c *Config) verifyPeers(t *tls.Config, m *material) {
	t.RootCAs, t.ClientCAs = m.roots, m.clientCAs
	t.InsecureSkipVerify = c.Insecure
	t.VerifyConnection = c.verifier(m).Verify
}

// Verify is for [tls.Config.VerifyConnection]: what crypto/tls does not look at
// itself. Its error makes crypto/tls send the alert bad_certificate.
func (v *verifier) Verify(cs tls.ConnectionState) error {
	return v.verify(cs, cs.VerifiedChains)
}

// verify takes the chains apart from cs for verifyServer, which finds them itself.
func (v *verifier) verify(cs tls.ConnectionState, chains [][]*x509.Certificate) error {
	if len(cs.PeerCertificates) == 0 {
		return v.absent()
	}
	leaf := cs.PeerCertificates[0]
	if len(v.names) > 0 && !v.named(leaf) {
		return refuse(cs, "Peer.Names", &NameError{Want: v.wantNames, Have: namesOf(leaf)})
	}
	if len(chains) > 0 {
		return v.anyChain(cs, v.alive(cs, chains))
	}
	if v.unverified {
		return refuse(cs, "Peer.Pins", v.pins.check(cs.PeerCertificates[:1]))
	}
	if field := v.asks(); field != "" {
		return refuse(cs, field, errUnverified)
	}
	return nil
}

// anyChain is nil if one chain satisfies everything: a leaf may have several,
// through cross-signed intermediates, of which one is revoked.
func (v *verifier) anyChain(cs tls.ConnectionState, chains [][]*x509.Certificate) error {
	if len(chains) == 0 {
		return refuse(cs, "", errOutlived)
	}
	var all []error
	for _, chain := range chains {
		field, err := v.chain(chain, cs.OCSPResponse)
		if err == nil {
			return nil
		}
		all = append(all, refuse(cs, field, err))
	}
	return errors.Join(all...)
}

// chain returns the field that refuses a chain, and why.
func (v *verifier) chain(chain []*x509.Certificate, staple []byte) (string, error) {
	if err := v.pins.check(chain); err != nil {
		return "Peer.Pins", err
	}
	if len(v.crls) > 0 || v.requireCRL {
		if err := v.crls.checkChain(chain, v.requireCRL, v.now()); err != nil {
			return v.crlField(err), err
		}
	}
	return v.staple(chain, staple)
}

func (v *verifier) crlField(err error) string {
	if errors.Is(err, errNoList) {
		return "Peer.RequireCRL"
	}
	return "Peer.CRLs"
}

// alive drops the chains that have expired since a session began. crypto/tls
// makes sure that one is left, but hands out all, and its clock was read before.
func (v *verifier) alive(cs tls.ConnectionState, chains [][]*x509.Certificate) [][]*x509.Certificate {
	if !cs.DidResume || len(chains) == 1 {
		return chains
	}
	now := v.now()
	var left [][]*x509.Certificate
	for _, chain := range chains {
		if !chainExpired(chain, now) {
			left = append(left, chain)
		}
	}
	return left
}

func chainExpired(chain []*x509.Certificate, now time.Time) bool {
	for _, cert := range chain {
		if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
			return true
		}
	}
	return false
}

// absent is about a peer without a certificate. Lists alone ask for none: they
// say who is refused.
func (v *verifier) absent() error {
	if field := v.asks(); field != "" && field != "Peer.CRLs" {
		return &Error{Op: "verify", Field: field, Err: ErrNoCertificate}
	}
	return nil
}

// asks returns the first field that has a value.
func (v *verifier) asks() string {
	switch {
	case len(v.names) > 0:
		return "Peer.Names"
	case len(v.pins) > 0:
		return "Peer.Pins"
	case v.requireCRL:
		return "Peer.RequireCRL"
	case v.requireStaple:
		return "Peer.RequireStaple"
	case len(v.crls) > 0:
		return "Peer.CRLs"
	}
	return ""
}

// refuse wraps the cause the way crypto/tls does, so that callers find both
// kinds of refusals by one type.
func refuse(cs tls.ConnectionState, field string, cause error) error {
	if cause == nil {
		return nil
	}
	return &Error{Op: "verify", Field: field, Err: &tls.CertificateVerificationError{
		UnverifiedCertificates: cs.PeerCertificates, Err: cause,
	}}
}
