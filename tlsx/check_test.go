package tlsx_test

import (
	"crypto/tls"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// Check finds what New finds before it reads, and reads nothing.
func TestConfig_Check(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, tt := range []struct {
		name string
		cfg  *tlsx.Config
		want string
	}{
		{"nil", nil, ""},
		{"zero", &tlsx.Config{}, ""},
		{"files", &tlsx.Config{
			Certificates: []tlsx.Certificate{{Chain: tlsx.File(missing)}},
			Roots:        tlsx.CAs{From: []tlsx.Data{tlsx.File(missing)}},
			KeyLog:       missing,
		}, ""},
		{"of a Source", &tlsx.Config{Reload: tlsx.Reload{Interval: time.Hour}}, ""},
		{"several", &tlsx.Config{MinVersion: 1, ServerName: "a b", Reload: tlsx.Reload{Interval: 1}},
			"tlsx: config: ServerName=a b: is neither a host name in ASCII nor an IP address without a zone\n" +
				"tlsx: config: MinVersion=0x0001: is none of TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3\n" +
				"tlsx: config: Reload.Interval=1ns: is too short: want at least 10ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.cfg.Check()
			if tt.want == "" {
				require.NoError(t, err)
				assert.NoFileExists(t, missing)
				return
			}
			require.EqualError(t, err, tt.want)
		})
	}
	cfg := &tlsx.Config{ServerName: "example.com.", MinVersion: tls.VersionTLS13}
	require.NoError(t, cfg.Check())
	assert.Equal(t, &tlsx.Config{ServerName: "example.com.", MinVersion: tls.VersionTLS13}, cfg, "was changed")
}
