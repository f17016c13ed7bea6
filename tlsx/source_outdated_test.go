package tlsx_test

import (
	"crypto/tls"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// What nobody renews must not keep the others from being renewed; what comes
// new must be valid.
func TestSourceOutdated(t *testing.T) {
	noLeak(t)
	ca := newCA(t)
	dir := t.TempDir()
	list := filepath.Join(dir, "list.pem")
	response := filepath.Join(dir, "response.der")
	put := func(name string, days int) string {
		c := issue(t, ca, &pki.Leaf{Names: []string{name + ".example"}, NotAfter: time.Now().AddDate(0, 0, days)})
		_, _, err := c.Write(dir, name)
		require.NoError(t, err)
		if name == "old" && days > 0 {
			write(t, response, string(answer(t, ca, c.Leaf().SerialNumber, nil)), 0o600)
		}
		return c.Leaf().SerialNumber.String()
	}
	of := func(name string) tlsx.Certificate {
		return tlsx.Certificate{Chain: tlsx.File(filepath.Join(dir, name+".pem")), Key: tlsx.File(filepath.Join(dir, name+".key"))}
	}
	crl, err := ca.CRL()
	require.NoError(t, err)
	write(t, list, string(crl), 0o600)
	old := put("old", 1)
	put("fresh", 90)
	var days atomic.Int64
	cfg := &tlsx.Config{
		Certificates: []tlsx.Certificate{of("old"), of("fresh")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots(ca),
		Peer: tlsx.Peer{CRLs: []tlsx.Data{tlsx.File(list)}},
		Time: func() time.Time { return time.Now().AddDate(0, 0, int(days.Load())) },
	}
	cfg.Certificates[0].OCSP = tlsx.OCSP{Response: tlsx.File(response), Issuer: tlsx.Text(string(ca.PEM()))}
	s, _ := follow(t, cfg)
	presented := func(name string) *tls.Certificate {
		c, err := s.Config().GetCertificate(&tls.ClientHelloInfo{ServerName: name + ".example"})
		require.NoError(t, err)
		return c
	}
	assert.NotEmpty(t, presented("old").OCSPStaple)

	days.Store(30)
	want := put("fresh", 90)
	require.NoError(t, s.Reload(t.Context()))
	require.NoError(t, s.Err())
	assert.Equal(t, want, presented("fresh").Leaf.SerialNumber.String())
	assert.Equal(t, old, presented("old").Leaf.SerialNumber.String())
	assert.Empty(t, presented("old").OCSPStaple)
	assert.True(t, s.Expiry().Before(cfg.Time()), "the expired one is told")

	crl, err = ca.CRL()
	require.NoError(t, err)
	write(t, list, string(crl), 0o600)
	put("old", 20)
	err = s.Reload(t.Context())
	for _, want := range []string{"Certificates[0].Chain", "Certificates[0].OCSP.Response", "Peer.CRLs[0]"} {
		assert.ErrorContains(t, err, want)
	}
	assert.Equal(t, old, presented("old").Leaf.SerialNumber.String())
}
