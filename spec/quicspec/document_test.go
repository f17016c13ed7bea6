package quicspec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/internal/spectest"
	"github.com/strata-net/strata/spec/quicspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

// The document of the README, with files that are there.
func TestReadmeDocument(t *testing.T) {
	spectest.NoLeak(t)
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, text, _ := strings.Cut(string(readme), "schema/QUICListenConfig.json\n")
	text, _, found := strings.Cut(text, "```")
	require.True(t, found)
	folder := t.TempDir()
	c, err := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	require.NoError(t, err)
	for name, content := range map[string]string{
		"server.pem": string(c.ChainPEM()), "server.key": string(c.KeyPEM()), "token.key": key,
	} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		text = strings.Replace(text, "file: "+name, "file: '"+path+"'", 1)
	}
	text = strings.Replace(text, "0.0.0.0:4433", "127.0.0.1:0", 1)

	var m specv1.QUICListenConfig
	_, err = document.Unmarshal("listen.yaml", []byte(text), &m, nil)
	require.NoError(t, err)
	cfg, err := quicspec.ListenConfig(t.Context(), &m)
	require.NoError(t, err)
	assert.Equal(t, time.Minute, cfg.QUIC.MaxIdleTimeout)
	pair(t, listen(t, &m), dialer(t, &specv1.QUICDialConfig{Tls: clientTLS("greeting")}))

	bad := strings.Replace(text, "60s", "1ns", 1)
	source, err := document.Unmarshal("listen.yaml", []byte(bad), &m, nil)
	require.NoError(t, err)
	_, err = quicspec.ListenConfig(t.Context(), &m)
	require.EqualError(t, source.Locate(err), `listen.yaml:5: quic.max_idle_timeout: "1ns": must be at least 1ms`)
}
