package tlsx_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func echKey(t testing.TB, name string) (key, public string) {
	t.Helper()
	k, c, err := tlsx.NewECHKey(name)
	require.NoError(t, err)
	return string(k), string(c)
}

// list returns what the ECHCONFIG block of a text holds.
func list(t testing.TB, text string) []byte {
	t.Helper()
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ECHCONFIG" {
			return block.Bytes
		}
	}
	require.Fail(t, "no ECHCONFIG")
	return nil
}

// echServer has certificates for a public name and the one behind it.
func echServer(t *testing.T, keys ...string) (*tlsx.Config, tlsx.CAs) {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	cfg := &tlsx.Config{}
	for _, name := range []string{"public.test", "secret.test"} {
		c, err := ca.Issue(&pki.Leaf{Names: []string{name}})
		require.NoError(t, err)
		cfg.Certificates = append(cfg.Certificates, tlsx.Certificate{
			Chain: tlsx.Text(string(c.ChainPEM())), Key: tlsx.Text(string(c.KeyPEM())),
		})
	}
	for _, key := range keys {
		cfg.ECH.Keys = append(cfg.ECH.Keys, tlsx.Text(key))
	}
	return cfg, tlsx.CAs{From: []tlsx.Data{tlsx.Text(string(ca.PEM()))}}
}

func echClient(t *testing.T, roots tlsx.CAs, configs tlsx.Data) *tls.Config {
	t.Helper()
	return config(t, &tlsx.Config{Roots: roots, ServerName: "secret.test", ECH: tlsx.ECH{Configs: configs}})
}

// accepted meets a server, and reports whether it decrypted the hello.
func accepted(t *testing.T, server, client *tls.Config) bool {
	t.Helper()
	m := meet(t, client, server)
	return m.clientError == nil && m.client.ECHAccepted && m.server.ECHAccepted
}

func TestECHForms(t *testing.T) {
	noLeak(t)
	key, public := echKey(t, "Public.test.")
	cfg, roots := echServer(t, key)
	server := config(t, cfg)
	raw := list(t, public)
	path := filepath.Join(t.TempDir(), "ech.pem")
	write(t, path, public, 0o644)
	for name, d := range map[string]tlsx.Data{
		"raw":            tlsx.Text(string(raw)),
		"base64":         tlsx.Text(base64.StdEncoding.EncodeToString(raw)),
		"base64 in line": tlsx.Text(" " + strings.ReplaceAll(base64.StdEncoding.EncodeToString(raw), "A", "A\n")),
		"PEM":            tlsx.Text("the config:\n" + public),
		"file":           tlsx.File(path),
	} {
		t.Run(name, func(t *testing.T) {
			client := echClient(t, roots, d)
			assert.Equal(t, raw, client.EncryptedClientHelloConfigList)
			m := meet(t, client, server).pass(t)
			assert.True(t, m.client.ECHAccepted)
			assert.True(t, m.server.ECHAccepted)
			assert.Equal(t, "secret.test", m.server.ServerName)
			assert.Equal(t, []string{"secret.test"}, m.client.PeerCertificates[0].DNSNames)
		})
	}
}

// Old keys still decrypt; a client that has none of them is told the newest.
func TestECHRotation(t *testing.T) {
	noLeak(t)
	key1, config1 := echKey(t, "public.test")
	key2, config2 := echKey(t, "public.test")
	cfg, roots := echServer(t, key2, key1)
	for _, public := range []string{config1, config2} {
		assert.True(t, accepted(t, config(t, cfg), echClient(t, roots, tlsx.Text(public))))
	}

	cfg.ECH.Keys = cfg.ECH.Keys[:1]
	err := meet(t, echClient(t, roots, tlsx.Text(config1)), config(t, cfg)).clientError
	var rejected *tls.ECHRejectionError
	require.ErrorAs(t, err, &rejected)
	assert.Equal(t, list(t, config2), rejected.RetryConfigList)
	assert.True(t, accepted(t, config(t, cfg), echClient(t, roots, tlsx.Text(string(rejected.RetryConfigList)))))

	// A public name that the server has no certificate for is no refusal to trust.
	_, other := echKey(t, "other.test")
	err = meet(t, echClient(t, roots, tlsx.Text(other)), config(t, cfg)).clientError
	require.Error(t, err)
	assert.NotErrorAs(t, err, &rejected)
	var wrongName x509.HostnameError
	assert.ErrorAs(t, err, &wrongName)
}

// A Source takes a new key without a new config.
func TestECHReload(t *testing.T) {
	noLeak(t)
	key1, config1 := echKey(t, "public.test")
	key2, config2 := echKey(t, "public.test")
	path := filepath.Join(t.TempDir(), "ech.pem")
	write(t, path, key1, 0o600)
	cfg, roots := echServer(t)
	cfg.ECH.Keys = []tlsx.Data{tlsx.File(path)}
	source, err := tlsx.NewSource(t.Context(), cfg)
	require.NoError(t, err)
	defer source.Close()
	accepts := func(public string) bool {
		return accepted(t, source.Config(), echClient(t, roots, tlsx.Text(public)))
	}
	require.True(t, accepts(config1))
	require.False(t, accepts(config2))

	write(t, path, key2, 0o600)
	require.NoError(t, source.Reload(t.Context()))
	assert.True(t, accepts(config2))
	assert.False(t, accepts(config1))

	write(t, path, key2[:len(key2)/2], 0o600)
	require.Error(t, source.Reload(t.Context()))
	assert.True(t, accepts(config2), "the old key stays")
}

// Keys of the NIST curves serve, too; OpenSSL writes them.
func TestECHCurves(t *testing.T) {
	noLeak(t)
	for name, curve := range map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()} {
		t.Run(name, func(t *testing.T) {
			key, err := ecdsa.GenerateKey(curve, rand.Reader)
			require.NoError(t, err)
			exchange, err := key.ECDH()
			require.NoError(t, err)
			private, err := hpke.NewDHKEMPrivateKey(exchange)
			require.NoError(t, err)
			c := sample()
			c.kem, c.key = private.KEM().ID(), private.PublicKey().Bytes()
			public := block("ECHCONFIG", c.list())
			cfg, roots := echServer(t, pkcs8(t, key)+public)
			assert.True(t, accepted(t, config(t, cfg), echClient(t, roots, tlsx.Text(public))))
		})
	}
}

// echBytes is an ECHConfig to be spoilt.
type echBytes struct {
	version, kem uint16
	key          []byte
	suites       []byte
	name         string
	extensions   []byte
	more         []byte
}

func sample() echBytes {
	return echBytes{
		version: 0xfe0d, kem: 0x20, key: bytes.Repeat([]byte{9}, 32),
		suites: []byte{0, 1, 0, 1}, name: "public.test",
	}
}

func (c echBytes) config() []byte {
	content := []byte{7}
	content = binary.BigEndian.AppendUint16(content, c.kem)
	content = append(binary.BigEndian.AppendUint16(content, uint16(len(c.key))), c.key...)
	content = append(binary.BigEndian.AppendUint16(content, uint16(len(c.suites))), c.suites...)
	content = append(content, 0, byte(len(c.name)))
	content = append(content, c.name...)
	content = append(binary.BigEndian.AppendUint16(content, uint16(len(c.extensions))), c.extensions...)
	content = append(content, c.more...)
	head := binary.BigEndian.AppendUint16(nil, c.version)
	return append(binary.BigEndian.AppendUint16(head, uint16(len(content))), content...)
}

func (c echBytes) list() []byte {
	config := c.config()
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(config))), config...)
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return block("PRIVATE KEY", der)
}

func TestECHConfigsRefused(t *testing.T) {
	spoilt := func(change func(c *echBytes)) []byte {
		c := sample()
		change(&c)
		return c.list()
	}
	key, _ := echKey(t, "public.test")
	_, err := tlsx.ParseECHConfigs(sample().list())
	require.NoError(t, err, "the sample is fine")
	for name, test := range map[string]struct {
		text []byte
		want string
	}{
		"empty":           {nil, "neither raw, nor base64, nor PEM"},
		"words":           {[]byte("no list"), "neither raw, nor base64, nor PEM"},
		"base64 of else":  {[]byte("AAAA"), "its lengths do not fit"},
		"no config":       {[]byte{0, 1, 0}, "its lengths do not fit"},
		"cut config":      {append([]byte{0, 4}, 0xfe, 0x0d, 0, 9), "its lengths do not fit"},
		"cut content":     {[]byte{0, 5, 0xfe, 0x0d, 0, 1, 7}, "its lengths do not fit"},
		"more":            {spoilt(func(c *echBytes) { c.more = []byte{0} }), "its lengths do not fit"},
		"odd suites":      {spoilt(func(c *echBytes) { c.suites = []byte{0, 1, 0} }), "its lengths do not fit"},
		"cut extension":   {spoilt(func(c *echBytes) { c.extensions = []byte{0, 1, 0} }), "its lengths do not fit"},
		"other version":   {spoilt(func(c *echBytes) { c.version = 0xfe0a }), "no ECHConfig of version 0xfe0d"},
		"no name":         {spoilt(func(c *echBytes) { c.name = "" }), `config 7 of "": public name is not a DNS name`},
		"one label":       {spoilt(func(c *echBytes) { c.name = "single" }), "public name is not a DNS name"},
		"a dot behind":    {spoilt(func(c *echBytes) { c.name = "public.test." }), "public name is not a DNS name"},
		"an address":      {spoilt(func(c *echBytes) { c.name = "127.0.0.1" }), "public name is not a DNS name"},
		"must understand": {spoilt(func(c *echBytes) { c.extensions = []byte{0x80, 1, 0, 0} }), "mandatory extension"},
		"other KEM":       {spoilt(func(c *echBytes) { c.kem = 0x99 }), "KEM"},
		"short key":       {spoilt(func(c *echBytes) { c.key = c.key[1:] }), `config 7 of "public.test"`},
		"other KDF":       {spoilt(func(c *echBytes) { c.suites = []byte{0, 99, 0, 1} }), "no cipher suite that Go has"},
		"other AEAD":      {spoilt(func(c *echBytes) { c.suites = []byte{0, 1, 0, 99} }), "no cipher suite that Go has"},
		"a key":           {[]byte(key), "which clients must not have"},
		"key alone":       {[]byte(strings.Split(key, "-----BEGIN ECH")[0]), "want one PRIVATE KEY and one ECHCONFIG"},
		"other block":     {[]byte(block("CERTIFICATE", []byte("x"))), `has a "CERTIFICATE"`},
		"two":             {[]byte(strings.Repeat(block("ECHCONFIG", sample().list()), 2)), `has a "ECHCONFIG"`},
		"half":            {[]byte(block("ECHCONFIG", sample().list()) + "-----BEGIN ECH"), "cut or malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tlsx.New(&tlsx.Config{ECH: tlsx.ECH{Configs: tlsx.Text("x" + string(test.text))}})
			require.Error(t, err)
			_, err = tlsx.ParseECHConfigs(test.text)
			assert.ErrorContains(t, err, test.want)
		})
	}
	// One usable config is enough; an extension that may be ignored is.
	bad, odd := sample(), sample()
	bad.version, odd.extensions = 1, []byte{0, 1, 0, 0}
	both := append(bad.config(), odd.config()...)
	_, err = tlsx.ParseECHConfigs(append(binary.BigEndian.AppendUint16(nil, uint16(len(both))), both...))
	assert.NoError(t, err)
}

func TestECHKeysRefused(t *testing.T) {
	key, public := echKey(t, "public.test")
	other, _ := echKey(t, "public.test")
	private, _, _ := strings.Cut(key, "-----BEGIN ECHCONFIG")
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	noSuite := sample()
	noSuite.suites = nil
	for name, test := range map[string]struct{ text, want string }{
		"empty":      {"x", "want one PRIVATE KEY and one ECHCONFIG"},
		"no key":     {public, "want one PRIVATE KEY and one ECHCONFIG"},
		"two keys":   {private + key, `has a "PRIVATE KEY"`},
		"broken key": {block("PRIVATE KEY", []byte("x")) + public, "asn1"},
		"signing":    {pkcs8(t, signing) + public, "want X25519, P-256, P-384 or P-521"},
		"P-224":      {pkcs8(t, small) + public, "want X25519, P-256, P-384 or P-521"},
		"other kind": {pkcs8(t, p256) + public, "is not of the private key"},
		"other key":  {strings.Split(other, "-----BEGIN ECHCONFIG")[0] + public, `of "public.test": is not of the private key`},
		"no suite":   {private + block("ECHCONFIG", noSuite.list()), "no cipher suite"},
		"no list":    {private + block("ECHCONFIG", []byte{1}), "its lengths do not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tlsx.New(&tlsx.Config{ECH: tlsx.ECH{Keys: []tlsx.Data{tlsx.Text(key), tlsx.Text(test.text)}}})
			require.ErrorContains(t, err, test.want)
			e := failure(t, err)
			assert.Equal(t, "ECH.Keys[1]", e.Field)
			assert.Equal(t, "load", e.Op)
			assert.NotContains(t, err.Error(), "BEGIN")
		})
	}
	_, err = tlsx.New(&tlsx.Config{ECH: tlsx.ECH{Keys: []tlsx.Data{tlsx.Text(key), tlsx.Text(key)}}})
	require.ErrorContains(t, err, "tlsx: load: ECH.Keys[1]=(text): holds a config that is in the list already")
	_, err = tlsx.New(&tlsx.Config{ECH: tlsx.ECH{Keys: []tlsx.Data{tlsx.File("none.pem")}, Configs: tlsx.File("none.pem")}})
	require.ErrorContains(t, err, "ECH.Keys[0]=none.pem")
	require.ErrorContains(t, err, "ECH.Configs=none.pem")
	_, err = tlsx.New(&tlsx.Config{ECH: tlsx.ECH{Keys: []tlsx.Data{tlsx.Env("STRATA_NO_SUCH_VARIABLE")}}})
	require.ErrorContains(t, err, "ECH.Keys[0]=$STRATA_NO_SUCH_VARIABLE")
}

// crypto/tls would fail in the handshake.
func TestECHVersions(t *testing.T) {
	key, public := echKey(t, "public.test")
	for _, ech := range []tlsx.ECH{{Keys: []tlsx.Data{tlsx.Text(key)}}, {Configs: tlsx.Text(public)}} {
		c := config(t, &tlsx.Config{ECH: ech})
		assert.Equal(t, uint16(tls.VersionTLS13), c.MinVersion)
		c = config(t, &tlsx.Config{ECH: ech, MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS13, Preset: tlsx.Intermediate})
		assert.Equal(t, uint16(tls.VersionTLS13), c.MinVersion)

		_, err := tlsx.New(&tlsx.Config{ECH: ech, MinVersion: tls.VersionTLS12})
		require.EqualError(t, err, "tlsx: config: MinVersion=TLS 1.2: with ECH: must be TLS 1.3, or zero: crypto/tls encrypts no hello with less")
		_, err = tlsx.New(&tlsx.Config{ECH: ech, MaxVersion: tls.VersionTLS12})
		require.EqualError(t, err, "tlsx: config: MaxVersion=TLS 1.2: with ECH: must be TLS 1.3, or zero: crypto/tls encrypts no hello with less")
	}
	_, err := tlsx.New(&tlsx.Config{ECH: tlsx.ECH{Configs: tlsx.Data{File: "a", Text: "b"}, Keys: []tlsx.Data{{}}}})
	require.ErrorContains(t, err, "ECH.Configs")
	require.ErrorContains(t, err, "ECH.Keys[0]")
}

func TestNewECHKeyNames(t *testing.T) {
	for _, name := range []string{"", "127.0.0.1", "::1", "a b", "single", "a_b.test", strings.Repeat("a.", 127) + "a"} {
		_, _, err := tlsx.NewECHKey(name)
		e := failure(t, err)
		assert.Equal(t, name, e.Value)
		assert.ErrorContains(t, err, "public name is not a DNS name")
	}
	key, public := echKey(t, "public.test")
	assert.True(t, strings.HasSuffix(key, public))
	assert.NotContains(t, public, "PRIVATE")
	keys, err := tlsx.ParseECHKeys([]byte(key))
	require.NoError(t, err)
	require.Len(t, keys, 1)
	assert.Equal(t, list(t, public)[2:], keys[0].Config)
}

func FuzzParseECHConfigs(f *testing.F) {
	key, public := echKey(f, "public.test")
	for _, text := range []string{key, public, string(list(f, public)), base64.StdEncoding.EncodeToString(list(f, public)), "", "\x00\x00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		raw, err := tlsx.ParseECHConfigs(text)
		if err != nil {
			return
		}
		// What is taken, crypto/tls can use: it gets as far as sending a hello.
		c := tls.Client(deaf{}, &tls.Config{EncryptedClientHelloConfigList: raw, ServerName: "a.test", MinVersion: tls.VersionTLS13})
		require.ErrorIs(t, c.HandshakeContext(t.Context()), errDeaf)
	})
}

func FuzzParseECHKeys(f *testing.F) {
	key, public := echKey(f, "public.test")
	f.Add([]byte(key))
	f.Add([]byte(public + key))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := tlsx.ParseECHKeys(text)
		if err == nil {
			require.NotEmpty(t, keys)
		}
	})
}
