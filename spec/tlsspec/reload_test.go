package tlsspec_test

import (
	"context"
	"crypto/tls"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/spec"
	following "github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/tlsx/pki"
)

// onDisk is a server whose chain and key are files, and its client.
func onDisk(t *testing.T) (server, client *specv1.TLSConfig, replace func()) {
	t.Helper()
	ca, dir := newCA(t), t.TempDir()
	put := func(c *pki.Certificate) {
		_, _, err := c.Write(dir, "server")
		require.NoError(t, err)
	}
	put(issue(t, ca, "server.test"))
	server = &specv1.TLSConfig{
		Certificates: []*specv1.CertKeyPair{{Chain: file(dir + "/server.pem"), Key: file(dir + "/server.key")}},
		Reload:       &specv1.TLSConfig_Reload{Interval: durationpb.New(20 * time.Millisecond)},
	}
	client = &specv1.TLSConfig{Roots: only(ca), ServerName: new("server.test"), Sessions: new(int64(-1))}
	return server, client, func() { put(issue(t, ca, "server.test")) }
}

// serial returns which certificate a server presents.
func serial(t *testing.T, server, client *tls.Config) string {
	t.Helper()
	state, _, err := shake(t, server, client)
	require.NoError(t, err)
	return state.PeerCertificates[0].SerialNumber.String()
}

// changes waits until the server presents another certificate.
func changes(t *testing.T, server, client *tls.Config, before string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); serial(t, server, client) == before; time.Sleep(5 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "the new certificate is not presented")
	}
}

func TestNewSource(t *testing.T) {
	spectest.NoLeak(t)
	server, client, replace := onDisk(t)
	before := proto.CloneOf(server)
	s, err := tlsspec.NewSource(t.Context(), server)
	require.NoError(t, err)
	defer s.Close()
	assert.True(t, proto.Equal(before, server), "the message was changed")
	c := build(t, client)
	first := serial(t, s.Config(), c)
	server.Certificates[0].Chain = file("elsewhere") // the message is not kept
	replace()
	changes(t, s.Config(), c, first)
}

// followed is Open with reload: it follows until the context ends.
func followed(t *testing.T) {
	spectest.NoLeak(t)
	server, client, replace := onDisk(t)
	ctx, stop := following.Until(t.Context()) // Windows removes no folder that is watched
	defer stop()
	config, err := tlsspec.Open(ctx, server)
	require.NoError(t, err)
	c := build(t, client)
	first := serial(t, config, c)
	replace()
	changes(t, config, c, first)
	spectest.Watching(t, true)
	stop()
	spectest.Watching(t, false)
	assert.NotEmpty(t, serial(t, config, c), "the config stays usable")
}

func TestOpen(t *testing.T) {
	t.Run("reload", followed)
	t.Run("once", func(t *testing.T) {
		spectest.NoLeak(t)
		server, client, replace := onDisk(t)
		server.Reload = nil
		config, err := tlsspec.Open(t.Context(), server)
		require.NoError(t, err)
		c := build(t, client)
		first := serial(t, config, c)
		replace()
		assert.Equal(t, first, serial(t, config, c))
	})
	t.Run("nil", func(t *testing.T) {
		config, err := tlsspec.Open(t.Context(), nil)
		require.NoError(t, err)
		assert.Nil(t, config.RootCAs, "the system's")
		assert.Equal(t, uint16(tls.VersionTLS12), config.MinVersion)
	})
	t.Run("missing file", func(t *testing.T) {
		spectest.NoLeak(t)
		server, _, _ := onDisk(t)
		server.Certificates[0].Key = file("/nowhere/key.pem")
		_, err := tlsspec.Open(t.Context(), server)
		require.ErrorIs(t, err, os.ErrNotExist)
		assert.Equal(t, "certificates[0].key", spec.Errors(err)[0].Path)
	})
	t.Run("invalid", func(t *testing.T) {
		_, err := tlsspec.Open(t.Context(), &specv1.TLSConfig{MinVersion: new("2"), Reload: &specv1.TLSConfig_Reload{}})
		require.EqualError(t, err, `min_version: "2": allowed are 1.0, 1.1, 1.2 and 1.3`)
	})
	t.Run("context over", func(t *testing.T) {
		spectest.NoLeak(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := tlsspec.Open(ctx, &specv1.TLSConfig{Reload: &specv1.TLSConfig_Reload{}})
		require.ErrorIs(t, err, context.Canceled)
	})
}

// What needs a source says which function makes one.
func TestTLSConfig_Reload(t *testing.T) {
	_, err := tlsspec.TLSConfig(&specv1.TLSConfig{Reload: &specv1.TLSConfig_Reload{}})
	require.EqualError(t, err, "reload: a *tls.Config follows no files: want tlsspec.NewSource, or no reload")
}
