package peers_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

var keyKinds = map[string]*pki.Leaf{
	"ECDSA P-256": {},
	"ECDSA P-384": {Key: pki.ECDSAP384},
	"RSA":         {Key: pki.RSA2048},
	"Ed25519":     {Key: pki.Ed25519},
}

// A certificate of each kind is shown by either side and taken by the other one;
// both sides hear what the other one says, and that it closes.
func TestDTLSCertificates(t *testing.T) {
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		for kind, l := range keyKinds {
			a := newAuthority(t)
			own := *l
			own.Names, own.CommonName = []string{"localhost"}, "the server"
			theirs := *l
			theirs.Client, theirs.CommonName = true, "the client"
			serverCert, serverFiles := a.leaf(t, &own)
			clientCert, clientFiles := a.leaf(t, &theirs)

			t.Run("server/"+kind, func(t *testing.T) {
				s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: &tls.Config{
					Certificates: []tls.Certificate{serverCert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool(),
				}}}, tell)
				out, words := a.asks(t, p.client, s.address, p.shows(clientFiles)...)
				assert.Contains(t, words, `peer="the client"`, out)
				assert.Contains(t, words, `name="localhost"`)
			})
			if kind == "Ed25519" && p.server == "openssl" {
				continue // its server has them for TLS only
			}
			t.Run("client/"+kind, func(t *testing.T) {
				server, address := p.serve(a, t, append(p.shows(serverFiles), p.wantsClient...)...)
				cfg := a.trusts()
				cfg.Certificates = []tls.Certificate{clientCert}
				c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: cfg}})
				require.NoError(t, err, "%s", &server.out)
				assert.Contains(t, describe(c), `peer="the server"`)
				_, err = c.Write([]byte("from the client\n"))
				require.NoError(t, err)
				if p.server == "gnutls-serv" {
					hears(t, c, "from the client\n") // an echo
				} else {
					server.prints(t, "from the client")
				}
				server.prints(t, "the client") // the name in the certificate
			})
		}
	})
}

// wrongCause is why a certificate is refused, in the words of dtlsx's error and as
// openssl's alert. The library says bad_certificate whatever the cause, as
// gnutls-cli does; gnutls-serv says access_denied.
type wrongCause struct {
	text    string
	openssl uint8
}

var (
	wrongAuthority = wrongCause{"unknown authority", 48}
	wrongName      = wrongCause{"valid for other.test, not localhost", 42}
	wrongTime      = wrongCause{"expired", 45}
	wrongPurpose   = wrongCause{"incompatible key usage", 43}
)

// Alerts of RFC 5246, section 7.2.
const (
	handshakeFailure, noCertificate, badCertificate = 40, 41, 42
	accessDenied, insufficientSecurity              = 49, 71
	internalError, noApplicationProtocol            = 80, 120
)

// A server whose certificate is no good is refused by the program, whose alert the
// server's error names; and by the dialer, whose error says why and whose alert
// the program prints.
func TestDTLSWrongServer(t *testing.T) {
	a, foreign := newAuthority(t), newAuthority(t)
	for name, test := range map[string]struct {
		issuer *authority
		leaf   *pki.Leaf
		cause  wrongCause
	}{
		"authority": {foreign, &pki.Leaf{Names: []string{"localhost"}}, wrongAuthority},
		"name":      {a, &pki.Leaf{Names: []string{"other.test"}}, wrongName},
		"expired":   {a, &pki.Leaf{Names: []string{"localhost"}, NotAfter: time.Now().Add(-time.Hour)}, wrongTime},
		"purpose":   {a, &pki.Leaf{Names: []string{"localhost"}, Client: true}, wrongPurpose},
	} {
		cert, files := test.issuer.leaf(t, test.leaf)
		t.Run(name, func(t *testing.T) {
			eachProgram(t, func(t *testing.T, p *dtlsProgram) {
				s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}}, tell)
				out, words := a.asks(t, p.client, s.address)
				assert.Empty(t, words, out)
				want := test.cause.openssl
				if p.client == "gnutls-cli" {
					want = badCertificate
				}
				alerted(t, s.failure(t), true, want)

				server, address := p.serve(a, t, p.shows(files)...)
				_, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts()}})
				alerted(t, err, false, badCertificate)
				assert.ErrorContains(t, err, test.cause.text)
				server.prints(t, p.refused)
			})
		})
	}
}

// The same for a client's certificate.
func TestDTLSWrongClient(t *testing.T) {
	a, foreign := newAuthority(t), newAuthority(t)
	for name, test := range map[string]struct {
		issuer *authority
		leaf   *pki.Leaf
		cause  wrongCause
	}{
		"authority": {foreign, &pki.Leaf{Names: []string{"client.test"}, Client: true}, wrongAuthority},
		"expired":   {a, &pki.Leaf{Names: []string{"client.test"}, Client: true, NotAfter: time.Now().Add(-time.Hour)}, wrongTime},
		"purpose":   {a, &pki.Leaf{Names: []string{"client.test"}, Server: true}, wrongPurpose},
	} {
		cert, files := test.issuer.leaf(t, test.leaf)
		t.Run(name, func(t *testing.T) {
			eachProgram(t, func(t *testing.T, p *dtlsProgram) {
				s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.verifies(t)}}, tell)
				out, words := a.asks(t, p.client, s.address, p.shows(files)...)
				assert.Empty(t, words, out)
				assert.Regexp(t, p.alert[badCertificate], out)
				err := s.failure(t)
				alerted(t, err, false, badCertificate)
				assert.ErrorContains(t, err, test.cause.text)

				cfg, want := a.trusts(), test.cause.openssl
				if p.server == "gnutls-serv" {
					if name == "purpose" {
						return // it looks at nothing but the chain
					}
					want = accessDenied
				}
				// Not Certificates: a client shows none of those to a server that
				// says it takes only others.
				cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
				_, address := p.serve(a, t, append(p.shows(a.ecdsaFiles(t)), p.wantsClient...)...)
				_, err = dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: cfg}})
				alerted(t, err, true, want)
			})
		})
	}
}

// verifies is the part of a server that wants certificates of its clients.
func (a *authority) verifies(t *testing.T) *tls.Config {
	t.Helper()
	cfg := a.serves(t)
	cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, a.Pool()
	return cfg
}

// A client that shows no certificate where one is wanted is refused, by either
// side. gnutls-serv says nothing to it.
func TestDTLSNoClientCertificate(t *testing.T) {
	a := newAuthority(t)
	eachProgram(t, func(t *testing.T, p *dtlsProgram) {
		s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{TLS: a.verifies(t)}}, tell)
		out, words := a.asks(t, p.client, s.address)
		assert.Empty(t, words, out)
		err := s.failure(t)
		alerted(t, err, false, noCertificate)
		assert.ErrorContains(t, err, "got none")
		assert.Regexp(t, p.alert[noCertificate], out)
	})
	_, address := a.opensslServer(t, append(dtlsPrograms["openssl"].shows(a.ecdsaFiles(t)), dtlsPrograms["openssl"].wantsClient...)...)
	_, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts()}})
	alerted(t, err, true, handshakeFailure)
}
