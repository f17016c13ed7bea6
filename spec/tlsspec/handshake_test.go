package tlsspec_test

import (
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/tlsspec"
	"github.com/strata-net/strata/tlsx"
)

// nil and an empty message are a client with the system's CAs.
func TestTLSConfig_Default(t *testing.T) {
	for _, m := range []*specv1.TLSConfig{nil, {}} {
		c, err := tlsspec.TLSConfig(m)
		require.NoError(t, err)
		assert.Nil(t, c.RootCAs)
		assert.False(t, c.InsecureSkipVerify)
		assert.Equal(t, uint16(tls.VersionTLS12), c.MinVersion)
		cfg, err := tlsspec.TLSXConfig(m)
		require.NoError(t, err)
		assert.Equal(t, &tlsx.Config{}, cfg)
	}
}

// A private CA replaces the system's.
func TestPrivateCA(t *testing.T) {
	spectest.NoLeak(t)
	server, client, _ := sides(t)
	state, _ := meet(t, server, client)
	assert.Equal(t, uint16(tls.VersionTLS13), state.Version)

	other := with(client)
	other.Roots = only(newCA(t))
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, refused(t, server, other), &unknown)
	other.Roots = nil
	require.ErrorAs(t, refused(t, server, other), &unknown)
	other = with(client, &specv1.TLSConfig{ServerName: new("other.test")})
	var name x509.HostnameError
	require.ErrorAs(t, refused(t, server, other), &name)
}

func TestMutualTLS(t *testing.T) {
	spectest.NoLeak(t)
	server, client, _ := sides(t)
	ca := newCA(t)
	server.ClientAuth = specv1.TLSConfig_require_and_verify.Enum()
	server.ClientCas = only(ca)
	server.Peer = &specv1.TLSConfig_Peer{Names: []string{"client.test"}}
	known := with(client, &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{pair(issue(t, ca, "client.test"))}})
	_, state := meet(t, server, known)
	assert.Equal(t, []string{"client.test"}, state.PeerCertificates[0].DNSNames)

	refused(t, server, client)
	stranger := with(client, &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{pair(issue(t, newCA(t), "client.test"))}})
	refused(t, server, stranger)
	var name *tlsx.NameError
	wrongName := with(client, &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{pair(issue(t, ca, "other.test"))}})
	require.ErrorAs(t, refused(t, server, wrongName), &name)
}

func TestProtocol(t *testing.T) {
	spectest.NoLeak(t)
	server, client, _ := sides(t)
	for _, tt := range []struct {
		name   string
		server *specv1.TLSConfig
		check  func(*testing.T, tls.ConnectionState)
	}{
		{"version", &specv1.TLSConfig{MaxVersion: new("TLSv1.2")}, func(t *testing.T, s tls.ConnectionState) {
			t.Helper()
			assert.Equal(t, uint16(tls.VersionTLS12), s.Version)
		}},
		{"suite", &specv1.TLSConfig{
			MaxVersion:   new("1.2"),
			CipherSuites: []specv1.CipherSuite{specv1.CipherSuite_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
		}, func(t *testing.T, s tls.ConnectionState) {
			t.Helper()
			assert.Equal(t, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, s.CipherSuite)
		}},
		{"curve", &specv1.TLSConfig{Curves: []specv1.Curve{specv1.Curve_secp384r1}}, func(t *testing.T, s tls.ConnectionState) {
			t.Helper()
			assert.Equal(t, tls.CurveP384, s.CurveID)
		}},
		{"preset", &specv1.TLSConfig{Preset: specv1.TLSConfig_modern.Enum()}, func(t *testing.T, s tls.ConnectionState) {
			t.Helper()
			assert.Equal(t, uint16(tls.VersionTLS13), s.Version)
		}},
		{"ALPN", &specv1.TLSConfig{Alpn: []string{"b", "a"}}, func(t *testing.T, s tls.ConnectionState) {
			t.Helper()
			assert.Equal(t, "b", s.NegotiatedProtocol)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			state, _ := meet(t, with(server, tt.server), with(client, &specv1.TLSConfig{Alpn: []string{"a", "b"}}))
			tt.check(t, state)
		})
	}
	t.Run("none in common", func(t *testing.T) {
		refused(t, with(server, &specv1.TLSConfig{MinVersion: new("1.3")}), with(client, &specv1.TLSConfig{MaxVersion: new("1.2")}))
		refused(t, with(server, &specv1.TLSConfig{Alpn: []string{"a"}}), with(client, &specv1.TLSConfig{Alpn: []string{"b"}}))
	})
	t.Run("unknown name", func(t *testing.T) {
		m := with(client, &specv1.TLSConfig{ServerName: new("other.test"), Insecure: new(true)})
		m.Roots = nil
		meet(t, server, m)
		refused(t, with(server, &specv1.TLSConfig{UnknownName: specv1.TLSConfig_refuse.Enum()}), m)
	})
}

func TestResumption(t *testing.T) {
	spectest.NoLeak(t)
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	for _, tt := range []struct {
		name           string
		server, client *specv1.TLSConfig
		want           bool
	}{
		{"default", nil, nil, true},
		{"tickets off", &specv1.TLSConfig{Tickets: &specv1.TLSConfig_Tickets{Off: new(true)}}, nil, false},
		{"own keys", &specv1.TLSConfig{Tickets: &specv1.TLSConfig_Tickets{Keys: []*specv1.DataSource{text(key)}}}, nil, true},
		{"no sessions", nil, &specv1.TLSConfig{Sessions: new(int64(-1))}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, client, _ := sides(t)
			s, c := build(t, with(server, tt.server)), build(t, with(client, tt.client))
			_, _, err := shake(t, s, c)
			require.NoError(t, err)
			state, _, err := shake(t, s, c)
			require.NoError(t, err)
			assert.Equal(t, tt.want, state.DidResume)
		})
	}
}

func TestPins(t *testing.T) {
	spectest.NoLeak(t)
	server, client, _ := sides(t)
	state, _ := meet(t, server, client)
	hash := sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)
	pinned := func(hash [32]byte) *specv1.TLSConfig {
		return with(client, &specv1.TLSConfig{Peer: &specv1.TLSConfig_Peer{Pins: []string{base64.StdEncoding.EncodeToString(hash[:])}}})
	}
	meet(t, server, pinned(hash))
	hash[0]++
	var pin *tlsx.PinError
	require.ErrorAs(t, refused(t, server, pinned(hash)), &pin)
}

func TestRevoked(t *testing.T) {
	spectest.NoLeak(t)
	ca := newCA(t)
	c := issue(t, ca, "server.test")
	server := &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{pair(c)}}
	client := func() *specv1.TLSConfig {
		list, err := ca.CRL()
		require.NoError(t, err)
		return &specv1.TLSConfig{
			Roots: only(ca), ServerName: new("server.test"),
			Peer: &specv1.TLSConfig_Peer{Crls: []*specv1.DataSource{text(list)}, RequireCrl: new(true)},
		}
	}
	meet(t, server, client())
	ca.Revoke(c)
	var revoked *tlsx.RevokedError
	require.ErrorAs(t, refused(t, server, client()), &revoked)
}

func TestECH(t *testing.T) {
	spectest.NoLeak(t)
	key, configs, err := tlsx.NewECHKey("public.test")
	require.NoError(t, err)
	server, client, ca := sides(t)
	server.Certificates = append(server.Certificates, pair(issue(t, ca, "public.test")))
	server.Ech = &specv1.TLSConfig_ECH{Keys: []*specv1.DataSource{text(key)}}
	client.Ech = &specv1.TLSConfig_ECH{Configs: text(configs)}
	atClient, atServer := meet(t, server, client)
	assert.True(t, atClient.ECHAccepted)
	assert.True(t, atServer.ECHAccepted)

	_, other, err := tlsx.NewECHKey("public.test")
	require.NoError(t, err)
	client.Ech.Configs = text(other)
	var rejected *tls.ECHRejectionError
	require.ErrorAs(t, refused(t, server, client), &rejected)
}

// Keys that are locked, as openssl writes them.
func TestLockedKeys(t *testing.T) {
	spectest.NoLeak(t)
	ca, dir := newCA(t), t.TempDir()
	chain, key, err := issue(t, ca, "server.test").Write(dir, "server")
	require.NoError(t, err)
	openssl(t, dir, "pkcs8", "-topk8", "-in", key, "-passout", "pass:word", "-out", "locked.key")
	openssl(t, dir, "pkcs12", "-export", "-in", chain, "-inkey", key, "-passout", "pass:word", "-out", "server.pfx")
	t.Setenv("TLSSPEC_PASSWORD", "word")
	client := &specv1.TLSConfig{Roots: only(ca), ServerName: new("server.test")}
	for name, c := range map[string]*specv1.CertKeyPair{
		"PKCS#8":  {Chain: file(chain), Key: file(filepath.Join(dir, "locked.key")), Password: env("TLSSPEC_PASSWORD")},
		"PKCS#12": {Pkcs12: file(filepath.Join(dir, "server.pfx")), Password: text("word\n")},
	} {
		t.Run(name, func(t *testing.T) {
			server := &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{c}}
			meet(t, server, client)
			c.Password = text("other")
			for _, e := range wrong(t, server) {
				assert.Contains(t, e.Path, "certificates[0].")
				assert.NotContains(t, e.Error(), "other")
			}
		})
	}
}

func TestKeyLogFile(t *testing.T) {
	spectest.NoLeak(t)
	server, client, _ := sides(t)
	path := filepath.Join(t.TempDir(), "keys.log")
	meet(t, server, with(client, &specv1.TLSConfig{KeyLogFile: &path}))
	log, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(log), "CLIENT_HANDSHAKE_TRAFFIC_SECRET")
}

// A message that is changed afterwards changes nothing.
func TestMessageIsNotKept(t *testing.T) {
	m := &specv1.TLSConfig{Alpn: []string{"a"}, Peer: &specv1.TLSConfig_Peer{Names: []string{"a.test"}}, Certificates: []*specv1.CertKeyPair{{Chain: file("c"), Signatures: []specv1.SignatureScheme{specv1.SignatureScheme_ed25519}}}}
	cfg := mapped(t, m)
	m.Alpn[0], m.Peer.Names[0], m.Certificates[0].Signatures[0] = "b", "b.test", specv1.SignatureScheme_rsa_pss_rsae_sha256
	assert.Equal(t, []string{"a"}, cfg.ALPN)
	assert.Equal(t, []string{"a.test"}, cfg.Peer.Names)
	assert.Equal(t, []tls.SignatureScheme{tls.Ed25519}, cfg.Certificates[0].Signatures)
}

// What only Go has is set in the mapper's config.
func TestTLSXConfig_OfGo(t *testing.T) {
	_, client, ca := sides(t)
	c := issue(t, ca, "server.test")
	cfg := mapped(t, &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{Chain: text(c.ChainPEM())}}})
	signer, ok := c.TLS().PrivateKey.(crypto.Signer)
	require.True(t, ok)
	cfg.Certificates[0].Signer = signer
	server, err := tlsx.New(cfg)
	require.NoError(t, err)
	_, _, err = shake(t, server, build(t, client))
	require.NoError(t, err)
}
