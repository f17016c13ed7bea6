package tlsx

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

var (
	errNoServerName = errors.New("no name to verify the server by: an IP address is not in the hello, so that Config.ServerName or Peer.Names must say what the server is called, or the dialer use Source.Current")
	errFIPSChain    = errors.New("no chain that FIPS 140-3 allows")
)

// verifyServer is VerifyConnection for a client with InsecureSkipVerify: chain
// and name as crypto/tls verifies them, but by the roots of this verifier, and
// then what Verify looks at. It is what lets the roots of a client change while
// its *tls.Config stays the same. It verifies resumed conns wholly, too.
func (v *verifier) verifyServer(cs tls.ConnectionState) error {
	chains, err := v.verifyChain(cs)
	if err != nil {
		return refuse(cs, "Roots", err)
	}
	return v.verify(cs, chains)
}

// verifyChain is what crypto/tls does in a client's handshake.
func (v *verifier) verifyChain(cs tls.ConnectionState) ([][]*x509.Certificate, error) {
	name, err := v.expected(cs)
	if err != nil {
		return nil, err
	}
	if len(cs.PeerCertificates) == 0 {
		return nil, ErrNoCertificate
	}
	opts := x509.VerifyOptions{
		Roots: v.roots, CurrentTime: v.now(), DNSName: name,
		Intermediates: x509.NewCertPool(), // KeyUsages: the default is a server's
	}
	for _, cert := range cs.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	chains, err := cs.PeerCertificates[0].Verify(opts)
	if err != nil || !fips140.Enabled() {
		return chains, err
	}
	return fipsChains(chains)
}

// expected is the name to verify. The state has the one in the hello, which is
// never an IP address: then it can only be the Config's, or one of Peer.Names,
// which Verify looks for.
func (v *verifier) expected(cs tls.ConnectionState) (string, error) {
	if cs.ServerName != "" {
		return cs.ServerName, nil
	}
	if isIP(v.serverName) {
		return v.serverName, nil
	}
	if len(v.names) > 0 {
		return "", nil
	}
	return "", errNoServerName
}

// fipsChains leaves what crypto/tls would in FIPS 140-3 mode.
func fipsChains(chains [][]*x509.Certificate) ([][]*x509.Certificate, error) {
	var left [][]*x509.Certificate
	for _, chain := range chains {
		if fipsChain(chain) {
			left = append(left, chain)
		}
	}
	if len(left) == 0 {
		return nil, fmt.Errorf("%w: %w", errFIPSChain, x509.ErrUnsupportedAlgorithm)
	}
	return left, nil
}

func fipsChain(chain []*x509.Certificate) bool {
	for _, cert := range chain {
		switch k := cert.PublicKey.(type) {
		case *rsa.PublicKey:
			if k.N.BitLen() < 2048 {
				return false
			}
		case *ecdsa.PublicKey:
			if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
				return false
			}
		case ed25519.PublicKey:
		default:
			return false
		}
	}
	return true
}
