package dtlsspec_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/spec/dtlsspec"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

// sides are the TLSConfigs of both sides, which agree.
type sides struct{ server, client *specv1.TLSConfig }

// meets wants a conn.
func (s sides) meets(t *testing.T) (c, accepted *dtlsx.Conn) {
	t.Helper()
	return connect(t, &specv1.DTLSConfig{Tls: s.server}, &specv1.DTLSConfig{Tls: s.client})
}

// fails wants none.
func (s sides) fails(t *testing.T) {
	t.Helper()
	refused(t, &specv1.DTLSConfig{Tls: s.server}, &specv1.DTLSConfig{Tls: s.client})
}

// carried are the fields of TLSConfig that are not refused as a whole, each with
// the proof that it takes effect in DTLS.
var carried = map[string]func(t *testing.T, s sides){
	"certificates": func(t *testing.T, s sides) {
		s.server.Certificates = append([]*specv1.CertKeyPair{pair(t, "other.example")}, s.server.GetCertificates()...)
		s.client.ServerName = new("localhost")
		c, _ := s.meets(t)
		assert.Contains(t, c.ConnectionState().PeerCertificates[0].DNSNames, "localhost")
	},
	"unknown_name": func(t *testing.T, s sides) {
		s.client.ServerName, s.client.Insecure, s.client.Roots = new("x.example"), new(true), nil
		s.meets(t)
		s.server.UnknownName = specv1.TLSConfig_refuse.Enum()
		s.fails(t)
	},
	"roots": func(t *testing.T, s sides) {
		s.meets(t)
		s.client.Roots = nil
		s.fails(t)
	},
	"client_cas": clientAuth, "client_auth": clientAuth,
	"server_name": func(t *testing.T, s sides) {
		s.client.ServerName = new("x.example")
		s.fails(t)
	},
	"peer": func(t *testing.T, s sides) {
		s.client.Peer = &specv1.TLSConfig_Peer{Names: []string{"localhost"}}
		s.meets(t)
		s.client.Peer = &specv1.TLSConfig_Peer{Names: []string{"x.example"}}
		s.fails(t)
		s.client.Peer = &specv1.TLSConfig_Peer{RequireCrl: new(true)}
		s.fails(t)
	},
	"insecure": func(t *testing.T, s sides) {
		s.client.Roots, s.client.Insecure = nil, new(true)
		s.meets(t)
	},
	"min_version": func(t *testing.T, s sides) {
		s.client.MinVersion = new("1.3")
		broken(t, s.client, `dtls.tls.min_version: TLS 1.3: the library has DTLS 1.2 only: unsupported operation`)
	},
	"max_version": func(t *testing.T, s sides) {
		s.client.MinVersion, s.client.MaxVersion, s.client.AllowWeak = new("1.0"), new("1.1"), new(true)
		broken(t, s.client, `dtls.tls.max_version: TLS 1.1: the library has DTLS 1.2 only: unsupported operation`)
	},
	"cipher_suites": func(t *testing.T, s sides) {
		s.client.CipherSuites = []specv1.CipherSuite{specv1.CipherSuite_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
		c, _ := s.meets(t)
		assert.Equal(t, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", dtlsx.CipherSuiteName(c.ConnectionState().CipherSuite))
	},
	"curves": func(t *testing.T, s sides) {
		s.client.Curves = []specv1.Curve{specv1.Curve_secp384r1}
		c, _ := s.meets(t)
		assert.Equal(t, "secp384r1", dtlsx.CurveName(c.ConnectionState().Curve))
	},
	"allow_weak": func(t *testing.T, s sides) {
		s.client.MinVersion = new("1.1")
		broken(t, s.client, `dtls.tls.min_version: "1.1": is weak: want TLS 1.2 or TLS 1.3, or allow_weak`)
		s.client.AllowWeak = new(true)
		s.meets(t)
	},
	"alpn": func(t *testing.T, s sides) {
		s.server.Alpn, s.client.Alpn = []string{"a", "b"}, []string{"b"}
		c, _ := s.meets(t)
		assert.Equal(t, "b", c.ConnectionState().NegotiatedProtocol)
	},
	"key_log_file": func(t *testing.T, s sides) {
		path := secret(t, "")
		s.client.KeyLogFile = new(path)
		s.meets(t)
		log, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Contains(t, string(log), "CLIENT_RANDOM ")
	},
	"reload": func(t *testing.T, s sides) {
		s.client.Reload = &specv1.TLSConfig_Reload{}
		broken(t, s.client, `dtls.tls.reload: nothing would end it: use dtlsspec.DialConfig, whose context does`)
	},
}

// broken wants the error of a dialer.
func broken(t *testing.T, m *specv1.TLSConfig, want string) {
	t.Helper()
	_, err := dtlsspec.NewDialerFromSpec(&specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Tls: m}})
	assert.EqualError(t, err, want)
}

func clientAuth(t *testing.T, s sides) {
	t.Helper()
	s.server.ClientCas, s.server.ClientAuth = s.client.GetRoots(), specv1.TLSConfig_require_and_verify.Enum()
	s.fails(t)
	s.client.Certificates = []*specv1.CertKeyPair{pair(t, "client.example")}
	_, accepted := s.meets(t)
	assert.NotEmpty(t, accepted.ConnectionState().VerifiedChains)
}

// Each field of TLSConfig is refused or takes effect.
func TestEveryTLSField(t *testing.T) {
	fields := (&specv1.TLSConfig{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		name := string(fields.Get(i).Name())
		t.Run(name, func(t *testing.T) {
			spectest.NoLeak(t)
			if slices.Contains(dtlsspec.Refused(), name) {
				assert.NotContains(t, carried, name)
				return
			}
			require.Contains(t, carried, name)
			carried[name](t, sides{serverTLS(t), clientTLS()})
		})
	}
	for name := range carried {
		assert.NotNil(t, fields.ByName(protoreflect.Name(name)), name)
	}
}

// What has no effect is refused on both sides, with all places.
func TestRefusedTLSFields(t *testing.T) {
	m := serverTLS(t)
	m.Certificates = append(m.Certificates, pair(t, "b.example"))
	for _, c := range m.GetCertificates() {
		c.Signatures = []specv1.SignatureScheme{specv1.SignatureScheme_ecdsa_secp256r1_sha256}
	}
	m.Certificates[1].Ocsp = &specv1.CertKeyPair_OCSP{}
	m.Preset = specv1.TLSConfig_modern.Enum()
	m.Tickets = &specv1.TLSConfig_Tickets{Off: new(false)}
	m.Sessions = new(int64(0))
	m.Ech = &specv1.TLSConfig_ECH{}
	m.Peer = &specv1.TLSConfig_Peer{RequireStaple: new(true)}
	want := strings.Join([]string{
		`dtls.tls.preset: has versions and curves that DTLS 1.2 lacks: use cipher_suites and curves of dtls: unsupported operation`,
		`dtls.tls.tickets: DTLS 1.2 as the library has it has no tickets: use dtls.sessions: unsupported operation`,
		`dtls.tls.sessions: are those of tickets: use dtls.sessions: unsupported operation`,
		`dtls.tls.ech: needs TLS 1.3: unsupported operation`,
		`dtls.tls.peer.require_staple: the library has no OCSP staples: unsupported operation`,
		`dtls.tls.certificates[0].signatures: the library chooses by itself: unsupported operation`,
		`dtls.tls.certificates[1].signatures: the library chooses by itself: unsupported operation`,
		`dtls.tls.certificates[1].ocsp: the library has no OCSP staples: unsupported operation`,
	}, "\n")
	_, err := dtlsspec.DialConfig(t.Context(), &specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Tls: m}})
	require.EqualError(t, err, want)
	_, err = dtlsspec.NewListenerFromSpec(&specv1.DTLSListenConfig{
		Address: new("127.0.0.1:0"), Dtls: &specv1.DTLSConfig{Tls: m},
	})
	require.EqualError(t, err, want)
}

// A listener takes a new certificate, and a client new CAs, without being made
// anew; Close ends what follows them.
func TestReload(t *testing.T) {
	spectest.NoLeak(t)
	dir := t.TempDir()
	write := func(ca *pki.CA) {
		c, err := ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
		require.NoError(t, err)
		_, _, err = c.Write(dir, "server")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), ca.PEM(), 0o600))
	}
	write(authority())
	cert, key := filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")
	l := listen(t, &specv1.DTLSConfig{Tls: &specv1.TLSConfig{
		Certificates: []*specv1.CertKeyPair{{Chain: file(cert), Key: file(key)}}, Reload: &specv1.TLSConfig_Reload{},
	}})
	ctx, stop := build.Until(t.Context()) // Windows removes no folder that is watched
	defer stop()
	cfg, err := dtlsspec.DialConfig(ctx, &specv1.DTLSDialConfig{Dtls: &specv1.DTLSConfig{Tls: &specv1.TLSConfig{
		ServerName: new("localhost"), Reload: &specv1.TLSConfig_Reload{},
		Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{file(filepath.Join(dir, "ca.pem"))}},
	}}})
	require.NoError(t, err)
	d, err := dtlsx.NewDialer(cfg)
	require.NoError(t, err)
	talk := func() (string, error) {
		c, err := d.DialContext(t.Context(), "udp", l.Addr().String())
		if err != nil {
			return "", err
		}
		s, err := l.Accept()
		require.NoError(t, err)
		issuer := c.(*dtlsx.Conn).ConnectionState().PeerCertificates[0].AuthorityKeyId
		require.NoError(t, c.Close())
		require.NoError(t, s.Close())
		return string(issuer), nil
	}
	first, err := talk()
	require.NoError(t, err)
	other, err := pki.New(nil)
	require.NoError(t, err)
	write(other)
	await(t, func() bool {
		issuer, err := talk()
		return err == nil && issuer != first
	})

	// Nobody follows them any more, nor those of a listener that could not be opened.
	stop()
	spectest.Watching(t, true)
	_, err = dtlsspec.NewListenerFromSpec(&specv1.DTLSListenConfig{
		Address: new(l.Addr().String()), Dtls: &specv1.DTLSConfig{Tls: &specv1.TLSConfig{
			Certificates: []*specv1.CertKeyPair{{Chain: file(cert), Key: file(key)}}, Reload: &specv1.TLSConfig_Reload{},
		}},
	})
	require.Error(t, err)
	require.NoError(t, l.Close())
	spectest.Watching(t, false)
}

// CAs of clients cannot be followed, unless they stay.
func TestReloadClientCAs(t *testing.T) {
	spectest.NoLeak(t)
	m := serverTLS(t)
	m.Reload = &specv1.TLSConfig_Reload{}
	m.ClientAuth = specv1.TLSConfig_require_and_verify.Enum()
	m.ClientCas = clientTLS().GetRoots()
	l := listen(t, &specv1.DTLSConfig{Tls: m})
	client := clientTLS()
	client.Certificates = []*specv1.CertKeyPair{pair(t, "client.example")}
	meet(t, l, &specv1.DTLSConfig{Tls: client})
	m.ClientCas.From = append(m.ClientCas.From, file("/nowhere/ca.pem"))
	m.Roots = &specv1.TLSConfig_CAs{From: []*specv1.DataSource{env("STRATA_TEST_ROOTS")}}
	_, err := dtlsspec.ListenConfig(t.Context(), &specv1.DTLSListenConfig{
		Address: new("127.0.0.1:0"), Dtls: &specv1.DTLSConfig{Tls: m},
	})
	assert.EqualError(t, err, "dtls.tls.reload: the library cannot follow client_cas: they have to be text: unsupported operation\n"+
		"dtls.tls.reload: the library cannot follow roots: they have to be text: unsupported operation")
}
