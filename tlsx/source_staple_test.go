package tlsx_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// A Source staples what it fetches, and tells what it could not.
func TestSourceStaples(t *testing.T) {
	noLeak(t)
	ca := newCA(t)
	var broken atomic.Bool
	var cert *pki.Certificate
	responder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		der, err := ocsp.CreateResponse(ca.Certificate(), ca.Certificate(), ocsp.Response{
			Status: ocsp.Good, SerialNumber: cert.Leaf().SerialNumber,
			ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour),
		}, ca.Signer())
		assert.NoError(t, err)
		w.Header().Set("Content-Type", "application/ocsp-response")
		w.Write(der)
	}))
	defer responder.Close()
	cert = issue(t, ca, &pki.Leaf{OCSPServer: responder.URL})
	with := tlsx.Certificate{Chain: tlsx.Text(string(cert.ChainPEM())), Key: tlsx.Text(string(cert.KeyPEM()))}
	with.OCSP = tlsx.OCSP{Fetch: true, Issuer: tlsx.Text(string(ca.PEM()))}
	c := &tlsx.Config{Certificates: []tlsx.Certificate{with}, UnknownName: tlsx.RefuseUnknown}
	s, events := follow(t, c)
	addr := serve(t, s.Config())
	eventually(t, "a staple", func() bool { return len(state(t, addr, client(ca)).OCSPResponse) > 0 })
	before := s.Current()
	require.NoError(t, s.Reload(t.Context()))
	for _, config := range []*tls.Config{before, s.Current()} {
		assert.NotEmpty(t, state(t, serve(t, config), client(ca)).OCSPResponse)
	}
	unknown := client(ca)
	unknown.ServerName = "unknown.test"
	_, err := connect(addr, unknown)
	assert.ErrorContains(t, err, "unrecognized name")
	assert.Empty(t, events.list())

	broken.Store(true)
	second, told := follow(t, c)
	eventually(t, "an event", func() bool { return len(told.list()) > 0 })
	e := failure(t, told.last().Err)
	assert.Equal(t, "Certificates[0].OCSP.Fetch", e.Field)
	assert.Empty(t, state(t, serve(t, second.Config()), client(ca)).OCSPResponse)
	require.NoError(t, second.Close())
}
