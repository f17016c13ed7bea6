package dtlsx

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/gob"
	"errors"
	"fmt"
	"slices"

	"github.com/pion/dtls/v3"
)

// A ConnectionState is what two sides have agreed on.
type ConnectionState struct {
	// Version is dtls.VersionDTLS12, 0xfefd.
	Version uint16
	// CipherSuite has a name in CipherSuiteName, Curve one in CurveName. Curve is
	// 0 when none was used: with plain PSK, and on a resumed conn.
	CipherSuite uint16
	Curve       tls.CurveID
	// ServerName is what the client asked for. A server knows it only if it has
	// shown a certificate.
	ServerName string
	// NegotiatedProtocol is what ALPN has chosen, "" for nothing.
	NegotiatedProtocol string
	// PeerCertificates are what the peer showed, its own first. On a resumed conn
	// they are those of the first one. VerifiedChains are empty if nothing was
	// verified, and on a resumed conn of a server.
	PeerCertificates []*x509.Certificate
	VerifiedChains   [][]*x509.Certificate
	// PSKIdentity is who the client says it is, PSKHint what the server said (on
	// a client). nil without PSK.
	PSKIdentity, PSKHint []byte
	// SRTPProfile is 0 when there is none; see [SRTPProfileName].
	SRTPProfile dtls.SRTPProtectionProfile
	// Resumed reports that the session is that of an earlier conn.
	Resumed bool
	// LocalConnectionID is what the peer puts into its records,
	// RemoteConnectionID what this side puts into its own; nil for none.
	LocalConnectionID, RemoteConnectionID []byte
}

// tls is the state as callbacks of crypto/tls know it.
func (s *ConnectionState) tls() tls.ConnectionState {
	return tls.ConnectionState{
		Version: s.Version, DidResume: s.Resumed, CipherSuite: s.CipherSuite, CurveID: s.Curve,
		NegotiatedProtocol: s.NegotiatedProtocol, NegotiatedProtocolIsMutual: true, //nolint:staticcheck // it is what crypto/tls has there
		ServerName:       s.ServerName,
		PeerCertificates: s.PeerCertificates, VerifiedChains: s.VerifiedChains,
	}
}

// ConnectionState returns what was agreed on. The slices belong to the caller,
// the certificates in them are read only.
func (c *Conn) ConnectionState() ConnectionState {
	s := c.state
	s.PeerCertificates = slices.Clone(s.PeerCertificates)
	s.VerifiedChains = slices.Clone(s.VerifiedChains)
	for i, chain := range s.VerifiedChains {
		s.VerifiedChains[i] = slices.Clone(chain)
	}
	s.PSKIdentity, s.PSKHint = bytes.Clone(s.PSKIdentity), bytes.Clone(s.PSKHint)
	s.LocalConnectionID = bytes.Clone(s.LocalConnectionID)
	s.RemoteConnectionID = bytes.Clone(s.RemoteConnectionID)
	return s
}

// maxExport bounds keying material, in bytes: far above what any protocol wants.
const maxExport = 1 << 16

// ExportKeyingMaterial returns bytes that both sides can derive and nobody else
// (RFC 5705), 1 to 65,536 of them. The library has no form with a context.
func (c *Conn) ExportKeyingMaterial(label string, length int) ([]byte, error) {
	if length < 1 || length > maxExport {
		return nil, c.fail("export", fmt.Errorf("length %d is not from 1 to %d", length, maxExport))
	}
	s, ok := c.dtls.ConnectionState()
	if !ok {
		return nil, c.fail("export", errNoState)
	}
	key, err := s.ExportKeyingMaterial(label, nil, length)
	if err != nil {
		return nil, c.fail("export", plain(err))
	}
	return key, nil
}

var errNoState = errors.New("there is no cipher suite yet")

// learn keeps what the finished handshake has agreed on.
func (c *Conn) learn() error {
	s, ok := c.dtls.ConnectionState()
	if !ok {
		return errNoState
	}
	state, err := c.shaken.state(&s)
	if err != nil {
		return err
	}
	state.SRTPProfile, _ = c.dtls.SelectedSRTPProtectionProfile()
	if c.shaken.proto.ConnectionID != NoConnectionID {
		state.LocalConnectionID, state.RemoteConnectionID, err = connectionIDs(&s)
	}
	c.shaken.tap.cid.Store(int32(len(state.LocalConnectionID))) //nolint:gosec // at most 32
	c.state = *state
	return err
}

// state translates the library's state.
func (h *handshake) state(s *dtls.State) (*ConnectionState, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := &ConnectionState{
		Version: dtls.VersionDTLS12, CipherSuite: uint16(s.CipherSuiteID), Curve: h.tap.curveID(),
		ServerName: h.name, NegotiatedProtocol: s.NegotiatedProtocol, Resumed: h.sessions.resumed(s.SessionID),
	}
	if n.Resumed {
		n.Curve = 0
	}
	if n.Resumed && h.proto.side == server {
		n.VerifiedChains = nil
	} else if len(s.PeerCertificates) > 0 {
		n.VerifiedChains = h.chains
	}
	if suite, _ := suiteOf(n.CipherSuite); suite.psk && h.proto.side == server {
		n.PSKIdentity = s.IdentityHint
	} else if suite.psk {
		n.PSKIdentity, n.PSKHint = h.proto.PSK.Identity, s.IdentityHint
	}
	for i, raw := range s.PeerCertificates {
		cert, err := h.certificate(raw)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the peer: %w", i, err)
		}
		n.PeerCertificates = append(n.PeerCertificates, cert)
	}
	return n, nil
}

// certificate parses one unless the verification has done so.
func (h *handshake) certificate(raw []byte) (*x509.Certificate, error) {
	for _, chain := range h.chains {
		for _, c := range chain {
			if bytes.Equal(c.Raw, raw) {
				return c, nil
			}
		}
	}
	return x509.ParseCertificate(raw)
}

// connectionIDs are told by the library only in what it writes for storage.
func connectionIDs(s *dtls.State) (local, remote []byte, err error) {
	raw, err := s.MarshalBinary()
	if err != nil {
		return nil, nil, err
	}
	var ids struct{ LocalConnectionID, RemoteConnectionID []byte }
	if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(&ids); err != nil {
		return nil, nil, err
	}
	return ids.LocalConnectionID, ids.RemoteConnectionID, nil
}
