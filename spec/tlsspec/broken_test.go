package tlsspec_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// broken are messages, and what is said of them, a line for each problem.
var broken = []struct{ message, want string }{
	{`{"min_version": "1.4"}`, `min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3`},
	{`{"min_version": ""}`, `min_version: "": allowed are 1.0, 1.1, 1.2 and 1.3`},
	{`{"max_version": "SSL 3.0", "cipher_suites": ["TLS_RSA_WITH_RC4_128_SHA"], "allow_weak": true}`, `max_version: "SSL 3.0": allowed are 1.0, 1.1, 1.2 and 1.3`},
	{`{"min_version": "1.1"}`, `min_version: "1.1": is weak: want TLS 1.2 or TLS 1.3, or allow_weak`},
	{`{"min_version": "1.3", "max_version": "1.2"}`, `min_version: "1.3": is above max_version, TLS 1.2`},
	{`{"preset": "modern", "max_version": "1.2"}`, `max_version: "1.2": is below the least version of preset modern, TLS 1.3`},
	{`{"unknown_name": 7}`, `unknown_name: 7: is none of present_default, refuse`},
	{`{"unknown_name": "refuse"}`, `unknown_name: refuse: needs certificates`},
	{`{"client_auth": -1, "preset": 9}`, "client_auth: -1: is none of none, request, require, verify_if_given, require_and_verify\npreset: 9: is none of default, modern, intermediate"},
	{`{"client_auth": "require_and_verify"}`, `client_cas: is empty: client_auth needs the CAs that clients are verified with (system takes any public one)`},
	{`{"client_auth": "require", "client_cas": {"system": true}}`, `client_cas: has no effect: client_auth=require verifies no client`},
	{`{"client_cas": {"from": [{"file": "ca.pem"}]}}`, `client_cas: has no effect: client_auth=none verifies no client`},
	{`{"roots": {"system": false}}`, `roots.system: false: leaves no CA: want from, or no roots for the system's`},
	{`{"roots": {"from": [{}, {"file": ""}]}}`, "roots.from[0]: names nothing: want one of file, env and text\nroots.from[1]: names nothing: want one of file, env and text"},
	{`{"roots": {"from": [{"file": "/nowhere/ca.pem"}]}}`, `roots.from[0]: "/nowhere/ca.pem": open /nowhere/ca.pem: no such file or directory`},
	{`{"roots": {"from": [{"env": "TLSSPEC_UNSET"}]}}`, `roots.from[0]: $TLSSPEC_UNSET: environment variable is not set, or empty`},
	{`{"roots": {"from": [{"text": "hunter2"}]}}`, `roots.from[0]: (text): holds no certificate in PEM`},
	{`{"insecure": true, "roots": {"system": true}}`, `roots: has no effect: insecure verifies no chain`},
	{`{"insecure": true, "peer": {"names": ["a.test"], "require_staple": true}}`, "peer.names: proves nothing: insecure, or this client_auth, verifies no chain; want pins with it\npeer.require_staple: needs a verified chain, which insecure, or this client_auth, gives up"},
	{`{"server_name": "a b"}`, `server_name: "a b": is neither a host name in ASCII nor an IP address without a zone`},
	{`{"cipher_suites": ["TLS_RSA_WITH_RC4_128_SHA"]}`, `cipher_suites[0]: TLS_RSA_WITH_RC4_128_SHA: is weak: want any of TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, or allow_weak`},
	{`{"cipher_suites": [65536, -1]}`, "cipher_suites[0]: 65536: out of range\ncipher_suites[1]: -1: out of range"},
	{`{"cipher_suites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], "min_version": "1.3"}`, `cipher_suites: has no use: the least version is TLS 1.3, whose suites Go chooses by itself`},
	{`{"curves": ["CURVE_UNSPECIFIED"]}`, `curves[0]: 0x0000: is none of X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024, x25519, secp256r1, secp384r1, secp521r1`},
	{`{"curves": ["x25519", "x25519"]}`, `curves[1]: x25519: is there twice`},
	{`{"curves": ["X25519MLKEM768"]}`, `curves: has only hybrids, which TLS 1.3 alone can use: add x25519 or secp256r1, or set min_version to TLS 1.3`},
	{`{"alpn": ["h2", ""]}`, `alpn[1]: is empty`},
	{`{"sessions": 1048577}`, `sessions: 1048577: is too many: want at most 1048576`},
	{`{"tickets": {"off": true, "keys": [{"env": "KEYS"}]}}`, `tickets.keys[0]: $KEYS: is not used: tickets.off is set`},
	{`{"tickets": {"keys": [{"text": "hunter2"}]}}`, `tickets.keys[0]: (text): line 1 is neither base64 nor hex of 32 bytes`},
	{`{"tickets": {"off": true}, "peer": {"names": ["a.test"]}}`, `peer.names: a server whose client_auth requests no certificate cannot check one (tickets makes it a server)`},
	{`{"ech": {"configs": {}}}`, `ech.configs: names nothing: want one of file, env and text`},
	{`{"ech": {"configs": {"text": "hunter2"}}, "max_version": "1.2"}`, `max_version: "1.2": with ECH: must be TLS 1.3, or zero: crypto/tls encrypts no hello with less` + "\n" + `ech.configs: (text): is no ECHConfigList: neither raw, nor base64, nor PEM (ECHCONFIG)`},
	{`{"key_log_file": "/nowhere/keys"}`, `key_log_file: "/nowhere/keys": open /nowhere/keys: no such file or directory`},
	{`{"peer": {"pins": ["x"]}}`, `peer.pins[0]: "x": want the SHA-256 of a public key: 32 bytes in base64, with or without "sha256/" before them: illegal base64 data at input byte 0`},
	{`{"peer": {"names": ["*"], "crls": [{"file": "/nowhere/list"}]}}`, `peer.names[0]: "*": a wildcard is the whole first label, as in "*.example.com"`},
	{`{"peer": {"crls": [{"text": "hunter2"}]}}`, `peer.crls[0]: (text): list 1: is neither PEM nor a single revocation list in DER: x509: malformed crl`},
	{`{"certificates": [{}]}`, `certificates[0].chain: is empty: want file, env or text`},
	{`{"certificates": [{"chain": {}}]}`, `certificates[0].chain: names nothing: want one of file, env and text`},
	{`{"certificates": [{"chain": {"file": "a"}, "pkcs12": {"file": "b"}}]}`, `certificates[0].chain: "a": is given beside another source: want one of chain and pkcs12`},
	{`{"certificates": [{"pkcs12": {"file": "b"}, "key": {"file": "a"}}]}`, `certificates[0].key: "a": has no use here: pkcs12 brings its key with it`},
	{`{"certificates": [{"chain": {"file": "a"}, "default": true}], "unknown_name": "refuse"}`, `certificates[0].default: true: has no use: unknown_name refuses what a default is for`},
	{`{"certificates": [{"chain": {"file": "a"}, "names": ["a.*"]}]}`, `certificates[0].names[0]: "a.*": is neither a host name in ASCII nor an IP address without a zone; a wildcard is the whole first label, as in "*.example.com"`},
	{`{"certificates": [{"chain": {"text": "hunter2"}, "key": {"text": "hunter2"}}]}`, "certificates[0].chain: (text): is not PEM\ncertificates[0].key: (text): is not PEM"},
	{`{"certificates": [{"chain": {"file": "a"}, "ocsp": {"issuer": {"file": "b"}, "fetch": true}}]}`, `certificates[0].ocsp.fetch: true: needs reload`},
	{`{"certificates": [{"chain": {"file": "a"}, "ocsp": {"issuer": {"file": "b"}}}]}`, `certificates[0].ocsp.issuer: "b": has no effect without response or fetch`},
	{`{"certificates": [{"chain": {"file": "/nowhere/a"}}, {"chain": {"file": "/nowhere/b"}}], "roots": {"from": [{"file": "/nowhere/c"}]}}`,
		"certificates[0].chain: \"/nowhere/a\": open /nowhere/a: no such file or directory\n" +
			"certificates[1].chain: \"/nowhere/b\": open /nowhere/b: no such file or directory\n" +
			"roots.from[0]: \"/nowhere/c\": open /nowhere/c: no such file or directory"},
	{`{"min_version": "x", "max_version": "y", "certificates": [{"key": {}}], "server_name": "a b", "reload": {}}`,
		"reload: a *tls.Config follows no files: want tlsspec.NewSource, or no reload\n" +
			"certificates[0].key: names nothing: want one of file, env and text\n" +
			"min_version: \"x\": allowed are 1.0, 1.1, 1.2 and 1.3\n" +
			"max_version: \"y\": allowed are 1.0, 1.1, 1.2 and 1.3\n" +
			"certificates[0].chain: is empty: want file, env or text\n" +
			"server_name: \"a b\": is neither a host name in ASCII nor an IP address without a zone"},
}

// read turns JSON into a message.
func read(t *testing.T, document string) *specv1.TLSConfig {
	t.Helper()
	var m specv1.TLSConfig
	require.NoError(t, protojson.Unmarshal([]byte(document), &m))
	return &m
}

// goName is what a field is called in Go and not in the schema.
var goName = regexp.MustCompile(`\b(MinVersion|MaxVersion|AllowWeak|ClientAuth|ClientCAs|UnknownName|Insecure|Certificates|Chain|PKCS12|Pins|Preset|Require[A-Z]|Tickets|NewSource|(No|Request|Require)[A-Za-z]*Cert)\b`)

func TestBroken(t *testing.T) {
	spectest.NoLeak(t)
	for _, tt := range broken {
		t.Run(tt.message, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(tt.want, "no such file") {
				t.Skip("Windows says it in other words")
			}
			m := read(t, tt.message)
			before := proto.CloneOf(m)
			c, err := tlsspec.TLSConfig(m)
			require.EqualError(t, err, tt.want)
			assert.Nil(t, c)
			assert.True(t, proto.Equal(before, m), "the message was changed")
			assert.NotContains(t, err.Error(), "hunter2")
			for _, e := range spec.Errors(err) {
				assert.NotRegexp(t, goName, strings.ReplaceAll(e.Err.Error(), "tlsspec.NewSource", ""))
			}
			// The same, but for what only a source can do.
			if m.GetReload() == nil && !strings.Contains(tt.want, "needs reload") {
				_, err = tlsspec.NewSource(t.Context(), m)
				require.EqualError(t, err, tt.want)
			}
		})
	}
}

// What a source fetches is no fault of a message that has another one.
func TestNewSource_Fetches(t *testing.T) {
	spectest.NoLeak(t)
	ca := newCA(t)
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"a.test"}, OCSPServer: "http://ocsp.test", MustStaple: true})
	require.NoError(t, err)
	cert := pair(leaf)
	cert.Ocsp = &specv1.CertKeyPair_OCSP{Issuer: text(ca.PEM()), Fetch: new(true)}
	_, err = tlsspec.NewSource(t.Context(), &specv1.TLSConfig{
		Certificates: []*specv1.CertKeyPair{cert, {Chain: env("TLSSPEC_UNSET")}},
		Alpn:         []string{""}, Reload: &specv1.TLSConfig_Reload{},
	})
	require.EqualError(t, err, "alpn[0]: is empty\n"+
		"certificates[1].chain: $TLSSPEC_UNSET: environment variable is not set, or empty")
}

// Errors unwrap to tlsx's and to the bottom.
func TestErrorsUnwrap(t *testing.T) {
	errs := wrong(t, read(t, `{"certificates": [{"chain": {"file": "/nowhere/a"}}], "roots": {"from": [{"file": "/nowhere/c"}]}}`))
	require.Len(t, errs, 2)
	for i, field := range []string{"Certificates[0].Chain", "Roots.From[0]"} {
		var e *tlsx.Error
		require.ErrorAs(t, errs[i], &e)
		assert.Equal(t, field, e.Field)
		var path *fs.PathError
		require.ErrorAs(t, errs[i], &path)
		require.ErrorIs(t, errs[i], fs.ErrNotExist)
	}
	var e *tlsx.Error
	require.ErrorAs(t, wrong(t, read(t, `{"min_version": "1.4"}`))[0], &e)
	assert.Equal(t, "1.4", e.Value)
	require.ErrorAs(t, wrong(t, read(t, `{"server_name": "a b"}`))[0], &e)
	assert.Equal(t, "ServerName", e.Field)
}

func TestNewSource_Interval(t *testing.T) {
	for interval, want := range map[string]string{
		"0.001s":        `reload.interval: "1ms": is too short: want at least 10ms`,
		"315576000000s": `reload.interval: "315576000000s": beyond what a duration can be, 292 years`,
	} {
		_, err := tlsspec.TLSXConfig(read(t, `{"reload": {"interval": "`+interval+`"}}`))
		require.EqualError(t, err, want)
	}
	assert.Equal(t, -time.Second, mapped(t, read(t, `{"reload": {"interval": "-1s"}}`)).Reload.Interval)
}

// What is wrong with files is told at once with what is wrong with fields.
func TestBroken_FieldsAndFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nowhere.pem")
	_, err := tlsspec.TLSConfig(&specv1.TLSConfig{
		MinVersion: new("1.4"),
		Roots:      &specv1.TLSConfig_CAs{From: []*specv1.DataSource{{Source: &specv1.DataSource_File{File: file}}}},
	})
	list := spec.Errors(err)
	require.Len(t, list, 2)
	assert.Equal(t, "min_version", list[0].Path)
	assert.Equal(t, "roots.from[0]", list[1].Path)
	require.ErrorIs(t, list[1], fs.ErrNotExist)
}
