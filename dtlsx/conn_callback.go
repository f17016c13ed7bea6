package dtlsx

import (
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/pion/dtls/v3"
)

// verifyPeerCertificate keeps the chains, which the library does not.
func (h *handshake) verifyPeerCertificate(raw [][]byte, chains [][]*x509.Certificate) error {
	h.mu.Lock()
	h.chains = chains
	h.mu.Unlock()
	if f := h.proto.TLS.VerifyPeerCertificate; f != nil {
		return f(raw, chains)
	}
	return nil
}

// verifyConnection gives the callback what is known before the handshake ends.
func (h *handshake) verifyConnection(s *dtls.State) error {
	state, err := h.state(s)
	if err != nil {
		return err
	}
	return h.proto.TLS.VerifyConnection(state.tls())
}

// schemes are what the library signs with, for callbacks that choose by them.
var schemes = []tls.SignatureScheme{
	tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512, tls.Ed25519,
	tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512, tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512,
}

// getCertificate chooses as crypto/tls does: GetCertificate if there is a name or
// nothing else, then the first of Certificates that has the name and a key for
// one of the cipher suites, else the first with such a key.
func (h *handshake) getCertificate(hello *dtls.ClientHelloInfo) (*tls.Certificate, error) {
	h.mu.Lock()
	h.name = hello.ServerName
	h.mu.Unlock()
	t := h.proto.TLS
	if t.GetCertificate != nil && (len(t.Certificates) == 0 || hello.ServerName != "") {
		cert, err := t.GetCertificate(h.hello(hello))
		if err == nil && cert != nil {
			err = checkKey(cert)
		}
		if cert != nil || err != nil {
			return cert, err
		}
	}
	if len(t.Certificates) == 0 {
		return nil, errors.New("there is no certificate for the client")
	}
	fit := slices.DeleteFunc(slices.Clone(t.Certificates), func(c tls.Certificate) bool { return !h.fits(&c, hello.CipherSuites) })
	for i := range fit {
		if hello.ServerName != "" && fit[i].Leaf.VerifyHostname(hello.ServerName) == nil {
			return &fit[i], nil
		}
	}
	if len(fit) > 0 {
		return &fit[0], nil
	}
	return &t.Certificates[0], nil
}

// fits reports whether the key of a certificate is for a suite of both sides.
func (h *handshake) fits(c *tls.Certificate, offered []dtls.CipherSuiteID) bool {
	_, isRSA := c.PrivateKey.(crypto.Signer).Public().(*rsa.PublicKey) // checked in the constructor
	return slices.ContainsFunc(offered, func(id dtls.CipherSuiteID) bool {
		s, ok := suiteOf(uint16(id))
		return ok && !s.psk && s.rsa() == isRSA && slices.Contains(h.proto.suites, id)
	})
}

// hello is what crypto/tls would tell of a client, as far as it is known.
func (h *handshake) hello(hello *dtls.ClientHelloInfo) *tls.ClientHelloInfo {
	info := &tls.ClientHelloInfo{
		ServerName: hello.ServerName, SupportedVersions: []uint16{tls.VersionTLS12}, SignatureSchemes: schemes,
		SupportedPoints: []uint8{0}, Conn: addresses{h},
	}
	for _, id := range hello.CipherSuites {
		info.CipherSuites = append(info.CipherSuites, uint16(id))
	}
	for _, c := range curves {
		info.SupportedCurves = append(info.SupportedCurves, c.id)
	}
	return info
}

func (h *handshake) getClientCertificate(r *dtls.CertificateRequestInfo) (*tls.Certificate, error) {
	cert, err := h.proto.TLS.GetClientCertificate(&tls.CertificateRequestInfo{
		AcceptableCAs: r.AcceptableCAs, SignatureSchemes: schemes, Version: tls.VersionTLS12,
	})
	switch {
	case err != nil:
		return nil, err
	case cert == nil:
		return nil, errors.New("GetClientCertificate returned no certificate and no error")
	case len(cert.Certificate) == 0:
		return cert, nil // none is shown
	}
	return cert, checkKey(cert)
}

// addresses is the Conn of a ClientHelloInfo: it has addresses, and nobody may
// use it for anything else while hands are shaken.
type addresses struct{ h *handshake }

var errOnlyAddresses = fmt.Errorf("the conn has not shaken hands: %w", errors.ErrUnsupported)

// Addresses for callbacks; everything else is an error.
func (a addresses) LocalAddr() net.Addr  { return a.h.local }
func (a addresses) RemoteAddr() net.Addr { return a.h.remote }

// The rest of net.Conn is refused.
func (addresses) Read([]byte) (int, error)  { return 0, errOnlyAddresses }
func (addresses) Write([]byte) (int, error) { return 0, errOnlyAddresses }
func (addresses) Close() error              { return errOnlyAddresses }

// SetDeadline is refused too.
func (addresses) SetDeadline(time.Time) error { return errOnlyAddresses }

// SetReadDeadline is refused too.
func (addresses) SetReadDeadline(time.Time) error { return errOnlyAddresses }

// SetWriteDeadline is refused too.
func (addresses) SetWriteDeadline(time.Time) error { return errOnlyAddresses }
