package netspec_test

import (
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/document"
	"github.com/strata-net/strata/spec/netspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

// Words such as off, and octal numbers, are texts in a document.
func TestDocument(t *testing.T) {
	const text = `
addresses: ["127.0.0.1:8443", "unix:///run/gateway.sock"]
unix_mode: "0660"
multipath: off
options: {SO_SNDBUF: 65536}
deny: [192.0.2.0/24]
over_limit: refuse
idle_timeout: 5m
`
	var m specv1.ListenConfig
	_, err := document.Unmarshal("listen.yaml", []byte(text), &m, nil)
	require.NoError(t, err)
	cfg, err := netspec.ListenConfig(t.Context(), &m)
	if errors.Is(err, errors.ErrUnsupported) && runtime.GOOS != "linux" {
		t.Skip(err)
	}
	require.NoError(t, err)
	assert.Equal(t, "-rw-rw----", cfg.UnixMode.String())
	assert.Equal(t, sockopt.MultipathOff, cfg.Multipath)
	assert.Equal(t, 5*time.Minute, cfg.IdleTimeout)
	assert.Equal(t, sockopt.Options{sockopt.SndBuf.Value(65536)}, cfg.Options)
}

// The errors of a builder have the places of the document, and no password.
func TestDocument_Places(t *testing.T) {
	const text = `
timeout: -1s
proxies:
  - url: ftp://user:secret@proxy
rewrites:
  - (tcp|a:80) (tcp|b:80)
  - nothing
`
	var m specv1.DialConfig
	source, err := document.Unmarshal("dial.yaml", []byte(text), &m, nil)
	require.NoError(t, err)
	_, err = netspec.NewDialerFromSpec(&m)
	require.EqualError(t, source.Locate(err), lines(
		`dial.yaml:7: rewrites[1]: "nothing": must be of the form "(tcp|example.com:80) (unix|/var/run/example.sock)"`,
		`dial.yaml:4: proxies[0].url: the scheme must be one of socks5, socks5h, http, https`,
		`dial.yaml:2: timeout: "-1s": must not be negative`,
	))
}

// An unknown field, a bad duration, and what only a mapper can find.
func TestDocument_Check(t *testing.T) {
	t.Chdir(t.TempDir())
	ca, err := pki.New(nil)
	require.NoError(t, err)
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("server.pem", leaf.ChainPEM(), 0o600))
	require.NoError(t, os.WriteFile("server.key", leaf.KeyPEM(), 0o600))
	const doc = `
address: 127.0.0.1:0
idle_timeuot: 5m
tls:
  min_version: "1.4"
  certificates: [{chain: {file: server.pem}, key: {file: server.key}}]
handshake_timeout: 10
max_conns: -1
`
	var m specv1.ListenConfig
	_, err = document.Unmarshal("gateway.yaml", []byte(doc), &m, &document.Options{Check: func(m proto.Message) error {
		_, err := netspec.ListenConfig(t.Context(), m.(*specv1.ListenConfig))
		return err
	}})
	require.EqualError(t, err, lines(
		`gateway.yaml:3: idle_timeuot: unknown field, did you mean idle_timeout?`,
		`gateway.yaml:5: tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3`,
		`gateway.yaml:7: handshake_timeout: 10: a duration has a unit: 10s`,
		`gateway.yaml:8: max_conns: -1: must not be negative`,
	))
}
