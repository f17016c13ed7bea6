package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

// around are messages that are only a part of others: the document that one row of
// theirs is put into, at the percent sign.
var around = map[string]string{
	"HTTPServer":      "kind: HTTPServer\nspec: {%}",
	"HTTPConfig":      "kind: HTTPServer\nspec: {httpConfig: {%}}",
	"HTTP2Config":     "kind: HTTPServer\nspec: {httpConfig: {allowHTTP2: true}, http2Config: {%}}",
	"HTTP3Config":     "kind: HTTPServer\nspec: {http3Config: {%}}",
	"HTTPClient":      "kind: HTTPClient\nspec: {%}",
	"RetryConfig":     "kind: HTTPClient\nspec: {retryConfig: {%}}",
	"ListenConfig":    "listenConfig: {%}",
	"KeepAliveConfig": "listenConfig: {addr: '127.0.0.1:0', keepAliveConfig: {%}}",
	"CertKeyPair":     "tlsConfig: {certKeyPairs: [{%}]}",
	"SockOption":      "dialConfig: {sockOption: {%}}",
	"SockSOOption":    "dialConfig: {sockOption: {soOption: {%}}}",
	"SockIPOption":    "dialConfig: {sockOption: {ipOption: {%}}}",
	"SockTCPOption":   "dialConfig: {sockOption: {tcpOption: {%}}}",
	"SockUDPOption":   "dialConfig: {sockOption: {udpOption: {%}}}",
}

// onListener are rows that no dialer takes.
var onListener = []string{"SockTCPOption.deferAccept", "SockTCPOption.fastOpen"}

// needed is a field that all others of the message need.
var needed = map[string][2]string{
	"HTTP3Config":  {"tlsConfig", "{certKeyPairs: [{certFile: a.pem, keyFile: a.key}]}"},
	"ListenConfig": {"addr", "'127.0.0.1:0'"},
}

// beside is what a row needs, so that its sample is valid.
var beside = map[string]string{
	"TLSConfig.clientCAs":              "clientAuth: RequireAndVerifyClientCert",
	"CertKeyPair.certFile":             "keyFile: a.key",
	"CertKeyPair.keyFile":              "certFile: a.pem",
	"SockIPOption.localPortRangeLower": "localPortRangeUpper: 50000",
	"SockIPOption.localPortRangeUpper": "localPortRangeLower: 40000",
}

// What each row makes is a document that our builders take.
func TestBuildersTakeRows(t *testing.T) {
	t.Chdir(folder(t))
	for _, m := range table() {
		for _, row := range m.rows {
			if row.ours == "" {
				continue
			}
			t.Run(m.name+"/"+row.field, func(t *testing.T) {
				frame := around[m.name]
				switch {
				case slices.Contains(onListener, m.name+"."+row.field):
					frame = "listenConfig: {addr: '127.0.0.1:0', sockOption: {tcpOption: {%}}}"
				case frame == "":
					frame = m.name + ": {%}"
				}
				if strings.HasPrefix(m.name, "Sock") && runtime.GOOS != "linux" {
					t.Skip("the options are those of Linux")
				}
				in := row.field + ": " + row.sample
				if b := beside[m.name+"."+row.field]; b != "" {
					in += ", " + b
				}
				if n, ok := needed[m.name]; ok && n[0] != row.field {
					in += ", " + n[0] + ": " + n[1]
				}
				r := &report{name: "x"}
				documents, err := convert([]byte(strings.Replace(frame, "%", in, 1)), r)
				require.NoError(t, err)
				r.check(documents)
				assert.False(t, r.lossy(), "%v", r.list)
			})
		}
	}
}

// folder has the files that the samples name.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"a.example"}})
	require.NoError(t, err)
	for name, text := range map[string][]byte{
		"ca.pem": ca.PEM(), "a.pem": leaf.ChainPEM(), "a.key": leaf.KeyPEM(), "a": leaf.ChainPEM(), "b": leaf.KeyPEM(),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	return dir
}
