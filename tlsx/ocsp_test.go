package tlsx_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// TestOCSP has responses of all kinds, each of which means what it says and
// nothing else.
func TestOCSP(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}}).Leaf()
	serial := leaf.SerialNumber
	issuer := a.inter.Certificate()
	delegate := func(change func(*x509.Certificate)) []byte {
		made := special(t, a.inter, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
			if change != nil {
				change(c)
			}
		})
		return answerEnclosing(t, issuer, made, serial)
	}
	foreign := special(t, a.other, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} })
	for name, c := range map[string]struct {
		der  []byte
		want string
	}{
		"good":               {answer(t, a.inter, serial, nil), ""},
		"SHA-256 ID":         {answer(t, a.inter, serial, func(r *ocsp.Response) { r.IssuerHash = crypto.SHA256 }), ""},
		"encloses issuer":    {answer(t, a.inter, serial, func(r *ocsp.Response) { r.Certificate = issuer }), ""},
		"delegated":          {delegate(nil), ""},
		"no purpose":         {delegate(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), "has not the purpose OCSPSigning"},
		"delegate expired":   {delegate(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), "has expired"},
		"delegate to come":   {delegate(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), "is not valid yet"},
		"another's delegate": {answerEnclosing(t, issuer, foreign, serial), "signed by somebody else"},
		"another's":          {answerBy(t, issuer, issuer, a.other.Signer(), serial, nil), "signed by somebody else"},
		"another CA's":       {answer(t, a.other, serial, nil), "of another issuer"},
		"another leaf's":     {answer(t, a.inter, issuer.SerialNumber, nil), "no response matching"},
		"unknown":            {answer(t, a.inter, serial, func(r *ocsp.Response) { r.Status = ocsp.Unknown }), "does not know"},
		"revoked":            {answer(t, a.inter, serial, revokedResponse), "was revoked by"},
		"outdated":           {answer(t, a.inter, serial, func(r *ocsp.Response) { r.NextUpdate = time.Now().Add(-time.Second) }), "is outdated since"},
		"outdated revoked": {answer(t, a.inter, serial, func(r *ocsp.Response) {
			revokedResponse(r)
			r.NextUpdate = time.Now().Add(-time.Second)
		}), "was revoked by"},
		"to come":            {answer(t, a.inter, serial, func(r *ocsp.Response) { r.ThisUpdate = time.Now().Add(time.Hour) }), "holds only from"},
		"a little to come":   {answer(t, a.inter, serial, func(r *ocsp.Response) { r.ThisUpdate = time.Now().Add(time.Minute) }), ""},
		"error of its own":   {ocsp.TryLaterErrorResponse, "try later"},
		"empty":              {nil, "sequence truncated"},
		"garbage":            {[]byte("garbage"), "asn1"},
		"something after":    {append(answer(t, a.inter, serial, nil), 0), "trailing data"},
		"large":              {make([]byte, 65<<10), "larger than 65536 bytes"},
		"without nextUpdate": {answer(t, a.inter, serial, func(r *ocsp.Response) { r.NextUpdate = time.Time{} }), "until when it holds"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tlsx.CheckOCSP(c.der, leaf, issuer, time.Now())
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			var revoked *tlsx.RevokedError
			if assert.Equal(t, c.want == "was revoked by", asRevoked(err, &revoked)) && revoked != nil {
				assert.Equal(t, tlsx.RevokedError{
					Subject: "CN=a.example.com", Issuer: issuer.Subject.String(), Serial: serial,
					Time: revoked.Time, Reason: ocsp.KeyCompromise, Source: "OCSP",
				}, *revoked)
			}
		})
	}
}

// answerEnclosing is signed by a responder, whose certificate comes with it.
func answerEnclosing(t *testing.T, issuer *x509.Certificate, by tls.Certificate, serial *big.Int) []byte {
	t.Helper()
	return answerBy(t, issuer, by.Leaf, by.PrivateKey.(crypto.Signer), serial, func(r *ocsp.Response) { r.Certificate = by.Leaf })
}

// TestStaple has clients meet servers that staple, or do not.
func TestStaple(t *testing.T) {
	a := newAuthorities(t)
	plain := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	promise := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}, MustStaple: true})
	for kind, leaf := range map[string]*pki.Certificate{"plain": plain, "must": promise} {
		serial := leaf.Leaf().SerialNumber
		for name, c := range map[string]struct {
			der         []byte
			revoked, ok bool
		}{
			"none":     {},
			"good":     {der: answer(t, a.inter, serial, nil), ok: true},
			"revoked":  {der: answer(t, a.inter, serial, revokedResponse), revoked: true},
			"outdated": {der: answer(t, a.inter, serial, func(r *ocsp.Response) { r.NextUpdate = time.Now().Add(-time.Second) })},
			"unknown":  {der: answer(t, a.inter, serial, func(r *ocsp.Response) { r.Status = ocsp.Unknown })},
			"forged":   {der: answerBy(t, a.inter.Certificate(), a.inter.Certificate(), a.other.Signer(), serial, nil)},
			"garbage":  {der: []byte("garbage")},
		} {
			for _, must := range []bool{false, true} {
				for versionName, version := range bothVersions {
					t.Run(kind+"/"+name+"/"+versionName, func(t *testing.T) {
						client := config(t, &tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root), MaxVersion: version, Peer: tlsx.Peer{RequireStaple: must}})
						m := meet(t, client, stapling(leaf, c.der))
						if c.ok || kind == "plain" && !must && !c.revoked {
							m.pass(t)
							assert.True(t, meet(t, client, stapling(leaf, c.der)).pass(t).client.OCSPResponse != nil || c.der == nil)
							return
						}
						e := verifyError(t, m.clientError)
						var revoked *tlsx.RevokedError
						assert.Equal(t, c.revoked, asRevoked(e, &revoked))
						var status *tlsx.StatusError
						if !c.revoked {
							assert.ErrorAs(t, e, &status)
							assert.Equal(t, must, e.Field == "Peer.RequireStaple")
						}
						assert.ErrorContains(t, m.serverError, "bad certificate")
					})
				}
			}
		}
	}
}

// TestStapleOfClient has a server that wants its clients to staple, which only
// TLS 1.3 lets them.
func TestStapleOfClient(t *testing.T) {
	a := newAuthorities(t)
	own := certFor(t, a.inter, &pki.Leaf{Names: []string{"localhost"}})
	server := config(t, &tlsx.Config{
		Certificates: presenting(own), ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: cas(a.root), Peer: tlsx.Peer{RequireStaple: true},
	})
	client := &tlsx.Config{ServerName: "localhost", Roots: cas(a.root), Certificates: presenting(own)}
	client.Certificates[0].OCSP.Response = tlsx.Text(string(answer(t, a.inter, own.Leaf().SerialNumber, nil)))
	meet(t, config(t, client), server).pass(t)
	client.MaxVersion = tls.VersionTLS12
	assert.Equal(t, "Peer.RequireStaple", verifyError(t, meet(t, config(t, client), server).serverError).Field)
}

// TestStapleOutdatedLater resumes a session whose response has become outdated.
func TestStapleOutdatedLater(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	serial := leaf.Leaf().SerialNumber
	for _, version := range bothVersions {
		late := time.Duration(0)
		client := config(t, &tlsx.Config{
			ServerName: "a.example.com", Roots: cas(a.root), MaxVersion: version,
			Peer: tlsx.Peer{RequireStaple: true}, Time: func() time.Time { return time.Now().Add(late) },
		})
		server := stapling(leaf, answer(t, a.inter, serial, nil))
		meet(t, client, server).pass(t)
		late = 2 * time.Hour
		server.Certificates[0].OCSPStaple = answer(t, a.inter, serial, func(r *ocsp.Response) { r.NextUpdate = time.Now().Add(3 * time.Hour) })
		assert.ErrorContains(t, verifyError(t, meet(t, client, server).clientError), "is outdated since")
		assert.False(t, meet(t, client, server).pass(t).client.DidResume)
	}
}

// TestStapleOfRoot has a leaf that is trusted by itself: nobody else speaks for it.
func TestStapleOfRoot(t *testing.T) {
	ca := rootCA(t, nil)
	root := certify(t, ca.Certificate(), ca.Signer(), ca.Signer().Public(), func(c *x509.Certificate) {
		c.RawSubject, c.IsCA, c.KeyUsage, c.DNSNames = ca.Certificate().RawSubject, true, ca.Certificate().KeyUsage|x509.KeyUsageDigitalSignature, []string{"a.example.com"}
	})
	root.PrivateKey = ca.Signer()
	client := config(t, &tlsx.Config{
		ServerName: "a.example.com", Roots: tlsx.CAs{From: []tlsx.Data{tlsx.Text(certPEM(root.Certificate[0]))}},
		Peer: tlsx.Peer{RequireStaple: true, RequireCRL: true},
	})
	meet(t, client, &tls.Config{Certificates: []tls.Certificate{root}}).pass(t)
}

func FuzzOCSP(f *testing.F) {
	ca, err := pki.New(nil)
	require.NoError(f, err)
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"a.example.com"}})
	require.NoError(f, err)
	for _, change := range []func(*ocsp.Response){nil, revokedResponse, func(r *ocsp.Response) { r.Certificate = ca.Certificate() }} {
		f.Add(answer(f, ca, leaf.Leaf().SerialNumber, change))
	}
	f.Add(ocsp.TryLaterErrorResponse)
	now := time.Now()
	f.Fuzz(func(t *testing.T, der []byte) {
		if tlsx.CheckOCSP(der, leaf.Leaf(), ca.Certificate(), now) != nil {
			return
		}
		if _, err := ocsp.ParseResponseForCert(der, leaf.Leaf(), ca.Certificate()); err != nil {
			t.Fatal("accepted what package ocsp refuses: ", err)
		}
	})
}
