package tlsx_test

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// A client whose roots are in files verifies the public name of a server that
// refuses its hello by those of the start, or of the moment with Current, and
// not by what Peer asks of the name behind it.
func TestSourceECHRefused(t *testing.T) {
	noLeak(t)
	_, config1 := echKey(t, "public.test")
	key, config2 := echKey(t, "public.test")
	cfg, roots := echServer(t, key)
	path := filepath.Join(t.TempDir(), "roots.pem")
	write(t, path, roots.From[0].Text, 0o600)
	front, _ := follow(t, cfg)
	client := func(configs string) *tlsx.Source {
		s, _ := follow(t, &tlsx.Config{
			Roots: tlsx.CAs{From: []tlsx.Data{tlsx.File(path)}}, ServerName: "secret.test",
			Peer: tlsx.Peer{Names: []string{"secret.test"}}, ECH: tlsx.ECH{Configs: tlsx.Text(configs)},
		})
		return s
	}
	assert.True(t, accepted(t, front.Config(), client(config2).Config()))

	outdated := client(config1)
	var refused *tls.ECHRejectionError
	for _, config := range []*tls.Config{outdated.Config(), outdated.Current()} {
		require.ErrorAs(t, meet(t, config, front.Config()).clientError, &refused)
		assert.Equal(t, list(t, config2), refused.RetryConfigList)
	}

	write(t, path, string(newCA(t).PEM()), 0o600)
	require.NoError(t, outdated.Reload(t.Context()))
	var unknown x509.UnknownAuthorityError
	for _, config := range []*tls.Config{client(config1).Config(), outdated.Current()} {
		err := meet(t, config, front.Config()).clientError
		assert.ErrorAs(t, err, &unknown, "who has no certificate for the public name could send any list")
		assert.NotErrorAs(t, err, &refused)
	}
	require.ErrorAs(t, meet(t, outdated.Config(), front.Config()).clientError, &refused)
}

// Hellos are decrypted, too, where each client gets a config of its own.
func TestSourceECHAndClientCAs(t *testing.T) {
	noLeak(t)
	key, public := echKey(t, "public.test")
	cfg, roots := echServer(t, key)
	path := filepath.Join(t.TempDir(), "clients.pem")
	write(t, path, string(newCA(t).PEM()), 0o600)
	cfg.ClientAuth = tls.VerifyClientCertIfGiven
	cfg.ClientCAs.From = []tlsx.Data{tlsx.File(path)}
	s, _ := follow(t, cfg)
	assert.True(t, accepted(t, s.Config(), echClient(t, roots, tlsx.Text(public))))
}
