package tlsx_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func TestResponseRefused(t *testing.T) {
	a := newAuthorities(t)
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	direct := certFor(t, a.root, &pki.Leaf{Names: []string{"a.example.com"}})
	promise := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}, MustStaple: true})
	serial := leaf.Leaf().SerialNumber
	good := tlsx.Text(string(answer(t, a.inter, serial, nil)))
	response := func(change func(*ocsp.Response)) tlsx.Data {
		return tlsx.Text(string(answer(t, a.inter, serial, change)))
	}
	inter := tlsx.Text(certPEM(a.inter.Certificate().Raw))
	for name, c := range map[string]struct {
		cert *pki.Certificate
		ocsp tlsx.OCSP
		want []string
	}{
		"issuer alone":    {leaf, tlsx.OCSP{Issuer: inter}, []string{"OCSP.Issuer=(text): |has no effect without Response or Fetch"}},
		"two sources":     {leaf, tlsx.OCSP{Response: tlsx.Data{File: "a", Env: "b"}, Issuer: tlsx.Data{File: "a", Env: "b"}}, []string{"OCSP.Response=a: |more than one", "OCSP.Issuer=a: |more than one"}},
		"New fetches":     {leaf, tlsx.OCSP{Fetch: true}, []string{"OCSP.Fetch=true: |needs NewSource"}},
		"promised":        {promise, tlsx.OCSP{}, []string{"OCSP: |promises a staple (RFC 7633)"}},
		"no file":         {leaf, tlsx.OCSP{Response: tlsx.File(t.TempDir() + "/none")}, []string{"OCSP.Response=|" + noFile}},
		"no issuer":       {direct, tlsx.OCSP{Response: good}, []string{"OCSP.Issuer: |the chain holds no certificate of the issuer"}},
		"another issuer":  {leaf, tlsx.OCSP{Response: good, Issuer: tlsx.Text(string(a.other.PEM()))}, []string{"OCSP.Issuer=(text): |did not issue the certificate"}},
		"two issuers":     {leaf, tlsx.OCSP{Response: good, Issuer: tlsx.Text(string(a.other.PEM()) + string(a.root.PEM()))}, []string{"OCSP.Issuer=(text): |more than one certificate"}},
		"issuer not CA":   {leaf, tlsx.OCSP{Response: good, Issuer: tlsx.Text(certPEM(leaf.Leaf().Raw))}, []string{"OCSP.Issuer=(text): |is no CA"}},
		"of another leaf": {leaf, tlsx.OCSP{Response: tlsx.Text(string(answer(t, a.inter, direct.Leaf().SerialNumber, nil)))}, []string{"OCSP.Response=(text): |no response matching"}},
		"outdated":        {leaf, tlsx.OCSP{Response: response(func(r *ocsp.Response) { r.NextUpdate = time.Now().Add(-time.Second) })}, []string{"OCSP.Response=(text): |is outdated since"}},
		"revoked":         {leaf, tlsx.OCSP{Response: response(revokedResponse)}, []string{"OCSP.Response=(text): |was revoked by"}},
		"unknown":         {leaf, tlsx.OCSP{Response: response(func(r *ocsp.Response) { r.Status = ocsp.Unknown })}, []string{"OCSP.Response=(text): |does not know"}},
		"forged": {leaf, tlsx.OCSP{Response: tlsx.Text(string(answerBy(t, a.inter.Certificate(), a.inter.Certificate(), a.other.Signer(), serial, nil)))},
			[]string{"OCSP.Response=(text): |signed by somebody else"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := &tlsx.Config{Certificates: presenting(c.cert)}
			cfg.Certificates[0].OCSP = c.ocsp
			for i := range c.want {
				c.want[i] = "Certificates[0]." + c.want[i]
			}
			refused(t, cfg, c.want...)
		})
	}
}

// A staple that comes with a loaded certificate keeps the promise.
func TestPromiseKept(t *testing.T) {
	a := newAuthorities(t)
	promise := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}, MustStaple: true})
	loaded := promise.TLS()
	loaded.OCSPStaple = answer(t, a.inter, promise.Leaf().SerialNumber, nil)
	server := config(t, one(tlsx.Certificate{Value: &loaded}))
	client := config(t, &tlsx.Config{Roots: cas(a.root), ServerName: "a.example.com"})
	assert.Equal(t, loaded.OCSPStaple, meet(t, client, server).pass(t).client.OCSPResponse)
}

// TestResponse staples a response of a file, until it is outdated.
func TestResponse(t *testing.T) {
	a := newAuthorities(t)
	direct := certFor(t, a.root, &pki.Leaf{Names: []string{"a.example.com"}})
	der := answer(t, a.root, direct.Leaf().SerialNumber, nil)
	late := time.Duration(0)
	cfg := &tlsx.Config{Certificates: presenting(direct), Time: func() time.Time { return time.Now().Add(late) }}
	cfg.Certificates[0].OCSP = tlsx.OCSP{Response: tlsx.Text(string(der)), Issuer: tlsx.Text(string(a.root.PEM()))}
	cfg.Certificates = append(cfg.Certificates, presenting(certFor(t, a.root, &pki.Leaf{Names: []string{"b.example.com"}}))...)
	server := config(t, cfg)
	client := func(name string) *tls.Config { return &tls.Config{RootCAs: a.root.Pool(), ServerName: name} }
	assert.Equal(t, der, meet(t, client("a.example.com"), server).pass(t).client.OCSPResponse)
	assert.Empty(t, meet(t, client("b.example.com"), server).pass(t).client.OCSPResponse)
	late = 2 * time.Hour
	assert.Empty(t, meet(t, client("a.example.com"), server).pass(t).client.OCSPResponse)
	assert.Nil(t, cfg.Certificates[0].Value.OCSPStaple, "the caller's own value")

	cfg.UnknownName = tlsx.RefuseUnknown
	late = 0
	m := meet(t, client("c.example.com"), config(t, cfg))
	assert.ErrorContains(t, m.clientError, "unrecognized name")
	// A client that has no certificate for the server presents the empty one.
	require.NoError(t, meet(t, &tls.Config{RootCAs: a.root.Pool(), ServerName: "a.example.com", GetClientCertificate: server.GetClientCertificate},
		config(t, &tlsx.Config{Certificates: cfg.Certificates[:1], ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: cas(a.other)})).serverError)
}
