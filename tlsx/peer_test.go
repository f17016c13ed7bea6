package tlsx_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func pinText(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// peerCase is a policy that the peer of TestPeer does or does not satisfy.
type peerCase struct {
	peer  tlsx.Peer
	field string // "": content
	as    any    // what the error must be
}

func peerCases(t *testing.T, a *authorities, leaf *pki.Certificate) map[string]peerCase {
	t.Helper()
	revoking := listOf(t, a.inter, nil, leaf.Leaf().SerialNumber)
	good := []tlsx.Data{tlsx.Text(string(listOf(t, a.inter, nil))), crlOf(t, a.root)}
	return map[string]peerCase{
		"none":            {},
		"one of names":    {peer: tlsx.Peer{Names: []string{"no.example", "spiffe://example.org/*"}}},
		"no name":         {peer: tlsx.Peer{Names: []string{"b.example.com"}}, field: "Peer.Names", as: new(*tlsx.NameError)},
		"pin of leaf":     {peer: tlsx.Peer{Pins: []string{pinText(leaf.Leaf())}}},
		"pin of root":     {peer: tlsx.Peer{Pins: []string{"sha256/" + pinText(a.root.Certificate())}}},
		"pin of another":  {peer: tlsx.Peer{Pins: []string{pinText(a.other.Certificate())}}, field: "Peer.Pins", as: new(*tlsx.PinError)},
		"good by lists":   {peer: tlsx.Peer{CRLs: good, RequireCRL: true}},
		"list of no name": {peer: tlsx.Peer{CRLs: []tlsx.Data{crlOf(t, a.other)}}},
		"lists missing":   {peer: tlsx.Peer{CRLs: good[1:], RequireCRL: true}, field: "Peer.RequireCRL", as: new(*tlsx.StatusError)},
		"no lists at all": {peer: tlsx.Peer{RequireCRL: true}, field: "Peer.RequireCRL", as: new(*tlsx.StatusError)},
		"revoked":         {peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.Text(string(revoking))}}, field: "Peer.CRLs", as: new(*tlsx.RevokedError)},
		"revoked in PEM":  {peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.Text(crlPEM(revoking))}}, field: "Peer.CRLs", as: new(*tlsx.RevokedError)},
		"revoked between": {peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.Text(string(listOf(t, a.root, nil, a.inter.Certificate().SerialNumber)))}}, field: "Peer.CRLs", as: new(*tlsx.RevokedError)},
		"no staple":       {peer: tlsx.Peer{RequireStaple: true}, field: "Peer.RequireStaple", as: new(*tlsx.StatusError)},
	}
}

// TestPeer has each policy on each side, with each version, on full and resumed
// conns. The session that is resumed was made by a config with the same CAs and
// no policy.
func TestPeer(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com", "spiffe://example.org/a"}})
	own := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	for name, c := range peerCases(t, a, leaf) {
		for versionName, version := range bothVersions {
			for _, side := range []string{"client", "server"} {
				for _, resumed := range []string{"full", "resumed"} {
					t.Run(name+"/"+versionName+"/"+side+"/"+resumed, func(t *testing.T) {
						checkPeer(t, a, leaf, own, c, version, side == "client", resumed == "resumed")
					})
				}
			}
		}
	}
}

func checkPeer(t *testing.T, a *authorities, leaf, own *pki.Certificate, c peerCase, version uint16, client, resumed bool) {
	clientConfig := tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root), Certificates: presenting(leaf), MaxVersion: version}
	serverConfig := tlsx.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: cas(a.root), Certificates: presenting(leaf)}
	before, serverBefore := config(t, &clientConfig), config(t, &serverConfig)
	if client {
		clientConfig.Peer, clientConfig.Certificates = c.peer, presenting(own)
	} else {
		serverConfig.Peer, serverConfig.Certificates = c.peer, presenting(own)
	}
	after, serverAfter := config(t, &clientConfig), config(t, &serverConfig)
	if resumed {
		keys := [][32]byte{{1}}
		serverBefore.SetSessionTicketKeys(keys)
		serverAfter.SetSessionTicketKeys(keys)
		before.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		after.ClientSessionCache = before.ClientSessionCache
		meet(t, before, serverBefore).pass(t)
	}
	verifying := serverAfter
	if client {
		verifying = after
	}
	saw := watch(verifying)
	m := meet(t, after, serverAfter)
	assert.Equal(t, []bool{resumed}, *saw)
	if c.field == "" {
		m.pass(t)
		return
	}
	refuser, told := m.serverError, m.clientError
	if client {
		refuser, told = m.clientError, m.serverError
	}
	e := verifyError(t, refuser)
	assert.Equal(t, c.field, e.Field)
	assert.ErrorAs(t, refuser, c.as)
	assert.ErrorContains(t, told, "remote error: tls: bad certificate")
}

// watch returns whether the conn was a resumed one each time that it was
// verified.
func watch(c *tls.Config) *[]bool {
	saw := new([]bool)
	verify := c.VerifyConnection
	c.VerifyConnection = func(cs tls.ConnectionState) error {
		*saw = append(*saw, cs.DidResume)
		return verify(cs)
	}
	return saw
}

func TestPeerAbsent(t *testing.T) {
	a := newAuthorities(t)
	own := certFor(t, a.root, &pki.Leaf{Names: []string{"localhost"}})
	client := config(t, &tlsx.Config{ServerName: "localhost", Roots: cas(a.root)})
	for name, c := range map[string]struct {
		peer  tlsx.Peer
		field string
	}{
		"names":       {tlsx.Peer{Names: []string{"a.example"}}, "Peer.Names"},
		"pins":        {tlsx.Peer{Pins: []string{pinText(own.Leaf())}}, "Peer.Pins"},
		"require CRL": {tlsx.Peer{RequireCRL: true}, "Peer.RequireCRL"},
		"staple":      {tlsx.Peer{RequireStaple: true}, "Peer.RequireStaple"},
		"lists alone": {tlsx.Peer{CRLs: []tlsx.Data{crlOf(t, a.root)}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := meet(t, client, config(t, &tlsx.Config{
				Certificates: presenting(own), ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: cas(a.root), Peer: c.peer,
			}))
			if c.field == "" {
				m.pass(t)
				return
			}
			var e *tlsx.Error
			require.ErrorAs(t, m.serverError, &e)
			assert.Equal(t, c.field, e.Field)
			assert.ErrorIs(t, e, tlsx.ErrNoCertificate)
			assert.ErrorContains(t, m.clientError, "bad certificate")
		})
	}
	// A config made for a client is no open door when a server uses it.
	m := meet(t, client, config(t, &tlsx.Config{Certificates: presenting(own), Peer: tlsx.Peer{Names: []string{"a.example"}}}))
	assert.ErrorIs(t, m.serverError, tlsx.ErrNoCertificate)
}

func TestPeerUnverified(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	server := config(t, &tlsx.Config{Certificates: presenting(leaf)})
	for name, c := range map[string]struct {
		cfg   tlsx.Config
		field string
	}{
		"insecure":            {tlsx.Config{Insecure: true}, ""},
		"insecure with pin":   {tlsx.Config{Insecure: true, Peer: tlsx.Peer{Pins: []string{pinText(leaf.Leaf())}}}, ""},
		"names with pin":      {tlsx.Config{Insecure: true, Peer: tlsx.Peer{Pins: []string{pinText(leaf.Leaf())}, Names: []string{"a.example.com"}}}, ""},
		"other names":         {tlsx.Config{Insecure: true, Peer: tlsx.Peer{Pins: []string{pinText(leaf.Leaf())}, Names: []string{"b.example.com"}}}, "Peer.Names"},
		"only the leaf's pin": {tlsx.Config{Insecure: true, Peer: tlsx.Peer{Pins: []string{pinText(a.inter.Certificate())}}}, "Peer.Pins"},
	} {
		t.Run(name, func(t *testing.T) {
			m := meet(t, config(t, &c.cfg), server)
			if c.field == "" {
				m.pass(t)
				return
			}
			assert.Equal(t, c.field, verifyError(t, m.clientError).Field)
		})
	}
	t.Run("a pin alone keeps the chain", func(t *testing.T) {
		m := meet(t, config(t, &tlsx.Config{
			ServerName: "a.example.com", Roots: cas(a.other), Peer: tlsx.Peer{Pins: []string{pinText(leaf.Leaf())}},
		}), server)
		var unknown x509.UnknownAuthorityError
		assert.ErrorAs(t, m.clientError, &unknown)
	})
	t.Run("any client's", func(t *testing.T) {
		for _, mode := range []tls.ClientAuthType{tls.RequestClientCert, tls.RequireAnyClientCert} {
			made := config(t, &tlsx.Config{Certificates: presenting(leaf), ClientAuth: mode, Peer: tlsx.Peer{Pins: []string{pinText(leaf.Leaf())}}})
			client := &tlsx.Config{Insecure: true, Certificates: presenting(leaf)}
			meet(t, config(t, client), made).pass(t)
			client.Certificates = presenting(certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}}))
			assert.Equal(t, "Peer.Pins", verifyError(t, meet(t, config(t, client), made).serverError).Field)
		}
	})
}

// TestPeerClone switches off in a clone what the policy builds on.
func TestPeerClone(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	server := config(t, &tlsx.Config{Certificates: presenting(leaf)})
	for _, c := range []struct {
		peer  tlsx.Peer
		field string
	}{
		{tlsx.Peer{}, ""},
		{tlsx.Peer{Names: []string{"a.example.com"}}, "Peer.Names"},
		{tlsx.Peer{CRLs: []tlsx.Data{crlOf(t, a.root)}}, "Peer.CRLs"},
	} {
		made := config(t, &tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root), Peer: c.peer}).Clone()
		meet(t, made, server).pass(t)
		made.InsecureSkipVerify = true
		made.ClientSessionCache = nil // a session's chain was verified when it began
		m := meet(t, made, server)
		if c.field == "" {
			m.pass(t)
			continue
		}
		assert.Equal(t, c.field, verifyError(t, m.clientError).Field)
	}
}

// TestPeerHTTP goes through the clones that net/http makes on both sides.
func TestPeerHTTP(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"127.0.0.1", "spiffe://example.org/a"}})
	var said lockedBuffer
	server := func(peer tlsx.Peer) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		s := &http.Server{
			Handler:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) }),
			TLSConfig: config(t, &tlsx.Config{Certificates: presenting(leaf), ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: cas(a.root), Peer: peer}),
			ErrorLog:  log.New(&said, "", 0),
		}
		done := make(chan error)
		go func() { done <- s.ServeTLS(l, "", "") }()
		t.Cleanup(func() {
			s.Close()
			assert.ErrorIs(t, <-done, http.ErrServerClosed)
		})
		return "https://" + l.Addr().String()
	}
	get := func(url string, peer tlsx.Peer) error {
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig:   config(t, &tlsx.Config{Certificates: presenting(leaf), Roots: cas(a.root), Peer: peer}),
			ForceAttemptHTTP2: true,
		}}
		defer client.CloseIdleConnections()
		answer, err := client.Get(url)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		assert.Equal(t, 2, answer.ProtoMajor)
		_, err = io.ReadAll(answer.Body)
		return err
	}
	good := tlsx.Peer{Names: []string{"spiffe://example.org/a"}}
	bad := tlsx.Peer{Names: []string{"spiffe://example.org/b"}}
	open, closed := server(good), server(bad)
	for range 2 {
		require.NoError(t, get(open, good))
		assert.Equal(t, "Peer.Names", verifyError(t, get(open, bad)).Field)
		// What the client hears depends on whether it writes or reads first.
		assert.Error(t, get(closed, good))
		eventually(t, "the server tells", func() bool { return strings.Contains(said.take(), "tlsx: verify: Peer.Names: ") })
	}
}

// TestPeerAnyChain has two chains, of which the one is revoked.
func TestPeerAnyChain(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	inter := a.inter.Certificate()
	crossed := resign(t, a.other, inter, inter)
	value := leaf.TLS()
	value.Certificate = append(value.Certificate, crossed.Certificate[0])
	server := &tls.Config{Certificates: []tls.Certificate{value}}
	roots := tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(a.root.PEM()) + string(a.other.PEM()))}}
	a.root.RevokeIntermediate(a.inter)
	lists := []tlsx.Data{crlOf(t, a.root)}
	client := &tlsx.Config{ServerName: "a.example.com", Roots: roots, Peer: tlsx.Peer{CRLs: lists}}
	assert.Len(t, meet(t, config(t, client), server).pass(t).client.VerifiedChains, 2)

	client.Peer.CRLs = append(client.Peer.CRLs, tlsx.Text(string(listOf(t, a.other, nil, crossed.Leaf.SerialNumber))))
	err := meet(t, config(t, client), server).clientError
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, err, &joined)
	assert.Len(t, joined.Unwrap(), 2)

	// The pin and the good chain must be of one and the same.
	client.Peer = tlsx.Peer{CRLs: lists, Pins: []string{pinText(a.root.Certificate())}}
	assert.Error(t, meet(t, config(t, client), server).clientError)
	client.Peer.Pins = []string{pinText(a.other.Certificate())}
	meet(t, config(t, client), server).pass(t)
}

// TestPeerChainExpiredSince resumes a session one of whose chains has expired.
func TestPeerChainExpiredSince(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	inter := a.inter.Certificate()
	brief := resign(t, a.other, &x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}, inter)
	value := leaf.TLS()
	value.Certificate = append(value.Certificate, brief.Certificate[0])
	server := &tls.Config{Certificates: []tls.Certificate{value}}
	late := time.Duration(0)
	client := config(t, &tlsx.Config{
		ServerName: "a.example.com",
		Roots:      tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(a.root.PEM()) + string(a.other.PEM()))}},
		Peer:       tlsx.Peer{Pins: []string{pinText(a.other.Certificate())}},
		Time:       func() time.Time { return time.Now().Add(late) },
	})
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	meet(t, client, server).pass(t)
	assert.True(t, meet(t, client, server).pass(t).client.DidResume)
	late = 2 * time.Hour
	m := meet(t, client, server)
	assert.True(t, m.client.DidResume)
	assert.Equal(t, "Peer.Pins", verifyError(t, m.clientError).Field)
}

// TestPeerOutlived is asked about a session all of whose chains have expired
// since crypto/tls looked at them.
func TestPeerOutlived(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.root, &pki.Leaf{Names: []string{"a.example.com"}})
	late := time.Duration(0)
	client := config(t, &tlsx.Config{
		ServerName: "a.example.com", Roots: cas(a.root), Peer: tlsx.Peer{Pins: []string{pinText(leaf.Leaf())}},
		Time: func() time.Time { return time.Now().Add(late) },
	})
	chain := []*x509.Certificate{leaf.Leaf(), a.root.Certificate()}
	state := tls.ConnectionState{
		DidResume: true, PeerCertificates: chain[:1], VerifiedChains: [][]*x509.Certificate{chain, chain},
	}
	require.NoError(t, client.VerifyConnection(state))
	late = 100 * 24 * time.Hour
	assert.ErrorContains(t, verifyError(t, client.VerifyConnection(state)), "all chains of the session have expired")
}

// resign has ca certify the key of another CA's certificate.
func resign(t *testing.T, ca *pki.CA, like, of *x509.Certificate) tls.Certificate {
	t.Helper()
	return certify(t, ca.Certificate(), ca.Signer(), of.PublicKey, func(c *x509.Certificate) {
		c.RawSubject, c.IsCA, c.KeyUsage, c.ExtKeyUsage = of.RawSubject, true, of.KeyUsage, nil
		c.SubjectKeyId, c.NotBefore, c.NotAfter = of.SubjectKeyId, like.NotBefore, like.NotAfter
	})
}

func TestVerifyErrors(t *testing.T) {
	e := &tlsx.NameError{Want: []string{"a"}}
	assert.Equal(t, "certificate has no names: want one of a", e.Error())
	e.Have = []string{"b", "c"}
	assert.Equal(t, "certificate is for b, c: want one of a", e.Error())
	assert.Equal(t, "no public key of the chain is pinned; the leaf's is x", (&tlsx.PinError{Leaf: "x"}).Error())
	cause := errors.New("cause")
	status := &tlsx.StatusError{Subject: "CN=a", Err: cause}
	assert.ErrorIs(t, status, cause)
	assert.Equal(t, "cannot tell whether the certificate of CN=a is revoked: cause", status.Error())
}

// TestNameErrorBounded has a peer with more names than an error should show.
func TestNameErrorBounded(t *testing.T) {
	a := newAuthorities(t)
	leaf := special(t, a.root, func(c *x509.Certificate) {
		for i := range 100 {
			c.IPAddresses = append(c.IPAddresses, net.IPv4(10, 0, 0, byte(i)))
		}
		c.DNSNames = []string{"a.example.com"}
		c.EmailAddresses = []string{"a@example.com"}
	})
	m := meet(t, config(t, &tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root), Peer: tlsx.Peer{Names: []string{"b"}}}),
		&tls.Config{Certificates: []tls.Certificate{leaf}})
	var e *tlsx.NameError
	require.ErrorAs(t, m.clientError, &e)
	assert.Len(t, e.Have, 17)
}
