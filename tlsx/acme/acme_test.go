package acme_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	upstream "golang.org/x/crypto/acme"

	"github.com/strata-net/strata/tlsx/acme"
	"github.com/strata-net/strata/tlsx/pki"
)

func TestConfigErrors(t *testing.T) {
	_, err := acme.New(&acme.Config{
		Directory: "http://ca.test/dir",
		Email:     "a@b,c@d",
		Hosts: []string{
			"", "localhost", "127.0.0.1", "::1", "*.a.test", "a_b.test", "-a.test", "a-.test", "a..test", "../a.test", "bücher.test",
			strings.Repeat("a", 64) + ".test", strings.Repeat("a.", 127) + "test", "x.test", "X.test.",
		},
		ExternalAccount: acme.ExternalAccount{ID: "x", Key: []byte("short")},
		Challenge:       9,
		RenewBefore:     -1,
	})
	list, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	fields := map[string]string{}
	for _, err := range list.Unwrap() {
		var e *acme.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "config", e.Op)
		fields[e.Field] = e.Error()
	}
	assert.Len(t, fields, 14+7, "%v", err)
	assert.NotContains(t, fields, "Hosts[13]")
	assert.Equal(t, "acme: config: Hosts[4]=*.a.test: is a wildcard, which needs the challenge DNS-01: not supported", fields["Hosts[4]"])
	assert.Equal(t, "acme: config: Hosts[14]=X.test.: is there twice", fields["Hosts[14]"])
	assert.Equal(t, "acme: config: ExternalAccount=x: want both ID and Key, and a key of 16 bytes or more", fields["ExternalAccount"])
	assert.NotContains(t, err.Error(), "short")

	_, err = acme.New(nil)
	require.ErrorContains(t, err, "acme: config: AgreeTerms: is false")
	require.ErrorContains(t, err, "acme: config: Hosts: is empty")
	require.ErrorContains(t, err, "acme: config: Cache: is empty")
	_, err = acme.New(&acme.Config{Hosts: make([]string, 1001), Directory: "https://%zz", Email: "x"})
	require.ErrorContains(t, err, "Hosts=1001: are too many: want at most 1000")
	require.ErrorContains(t, err, "Directory=https://%zz")
	require.ErrorContains(t, err, "Email=x: is not an e-mail address")
}

func valid(t *testing.T) *acme.Config {
	t.Helper()
	return &acme.Config{Hosts: []string{"a.example.com"}, Cache: filepath.Join(t.TempDir(), "cache"), AgreeTerms: true}
}

// New changes nothing of its caller's, and says why there is no cache.
func TestCacheErrors(t *testing.T) {
	cfg := valid(t)
	cfg.Hosts[0] = "A.example.com."
	_, err := acme.New(cfg)
	require.NoError(t, err)
	assert.Equal(t, "A.example.com.", cfg.Hosts[0])

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	cfg.Cache = filepath.Join(file, "cache")
	_, err = acme.New(cfg)
	var path *os.PathError
	require.ErrorAs(t, err, &path)
	assert.ErrorContains(t, err, "acme: cache: Cache="+cfg.Cache)

	cfg = valid(t)
	_, err = acme.New(cfg)
	require.NoError(t, err)
	dirs, err := filepath.Glob(filepath.Join(cfg.Cache, "*"))
	require.NoError(t, err)
	key := filepath.Join(dirs[0], "account.key")
	require.NoError(t, os.Remove(key))
	require.NoError(t, os.Mkdir(key, 0o700))
	_, err = acme.New(cfg)
	require.ErrorContains(t, err, "acme: cache: Cache=")
}

// What the cache holds is presented if it is for the host and valid.
func TestCachedCertificates(t *testing.T) {
	ca, err := pki.New(nil)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		leaf pki.Leaf
		want string
	}{
		"good":          {pki.Leaf{Names: []string{"a.example.com"}}, ""},
		"expired":       {pki.Leaf{Names: []string{"a.example.com"}, NotAfter: time.Now().Add(-time.Minute)}, "expired or not yet valid"},
		"not yet valid": {pki.Leaf{Names: []string{"a.example.com"}, NotBefore: time.Now().Add(time.Hour)}, "expired or not yet valid"},
		"other host":    {pki.Leaf{Names: []string{"b.example.com"}}, "not a.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			cfg := valid(t)
			cfg.Directory = "https://127.0.0.1:1/dir" // nobody there
			e := &events{}
			cfg.OnEvent = e.add
			_, err := acme.New(cfg)
			require.NoError(t, err)
			dirs, err := filepath.Glob(filepath.Join(cfg.Cache, "*"))
			require.NoError(t, err)
			c, err := ca.Issue(&test.leaf)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dirs[0], "a.example.com.pem"), append(c.ChainPEM(), c.KeyPEM()...), 0o600))
			m, err := acme.New(cfg)
			require.NoError(t, err)
			cert, err := m.GetCertificate(&tls.ClientHelloInfo{ServerName: "A.example.com."})
			if test.want == "" {
				require.NoError(t, err)
				assert.Equal(t, c.Leaf().Raw, cert.Certificate[0])
				return
			}
			require.EqualError(t, err, "acme: present: host=a.example.com: has no certificate yet")
			stop := run(t, m)
			eventually(t, "told", func() bool { return len(e.all()) > 0 })
			stop()
			assert.ErrorContains(t, e.all()[0].Err, test.want)
			assert.Equal(t, "a.example.com", e.all()[0].Host)
		})
	}
}

func TestTLSConfigOfOthers(t *testing.T) {
	m, err := acme.New(valid(t))
	require.NoError(t, err)
	own := &tls.Certificate{}
	for name, test := range map[string]struct {
		base   *tls.Config
		server string
		want   *tls.Certificate
		err    string
	}{
		"nil":             {nil, "other.test", nil, "host=other.test: is not among Hosts"},
		"ours":            {&tls.Config{Certificates: []tls.Certificate{{}}}, "a.example.com", nil, "has no certificate yet"},
		"certificates":    {&tls.Config{Certificates: []tls.Certificate{{}}}, "other.test", nil, ""},
		"callback":        {&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own, nil }}, "other.test", own, ""},
		"callback, ours":  {&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own, nil }}, "a.example.com", nil, "has no certificate yet"},
		"nothing of base": {&tls.Config{}, "other.test", nil, "is not among Hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			config := m.TLSConfig(test.base)
			if test.base == nil {
				assert.Equal(t, []string{"h2", "http/1.1", "acme-tls/1"}, config.NextProtos)
			}
			assert.Equal(t, config.NextProtos, m.TLSConfig(config).NextProtos, "once only")
			assert.Equal(t, "acme-tls/1", negotiated(t, config))
			assert.Equal(t, "acme-tls/1", negotiated(t, m.TLSConfig(config)))
			cert, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: test.server})
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Same(t, test.want, cert)
		})
	}
	_, err = m.TLSConfig(nil).GetCertificate(&tls.ClientHelloInfo{ServerName: "a.example.com", SupportedProtos: []string{"acme-tls/1"}})
	assert.EqualError(t, err, "acme: present: host=a.example.com: has no challenge in progress")
}

// What a base chooses by the client's hello answers challenges, too.
func TestTLSConfigForClient(t *testing.T) {
	m, err := acme.New(valid(t))
	require.NoError(t, err)
	var given *tls.Config
	failure := errors.New("no")
	config := m.TLSConfig(&tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.ServerName == "bad" {
			return nil, failure
		}
		return given, nil
	}})
	got, err := config.GetConfigForClient(&tls.ClientHelloInfo{})
	require.NoError(t, err)
	assert.Nil(t, got, "the config itself")
	given = &tls.Config{NextProtos: []string{"h2"}}
	got, err = config.GetConfigForClient(&tls.ClientHelloInfo{})
	require.NoError(t, err)
	assert.Equal(t, []string{"h2", "acme-tls/1"}, got.NextProtos)
	assert.NotNil(t, got.GetCertificate)
	assert.Equal(t, []string{"h2"}, given.NextProtos)
	_, err = config.GetConfigForClient(&tls.ClientHelloInfo{ServerName: "bad"})
	assert.ErrorIs(t, err, failure)
}

// negotiated is the protocol that the CA's hello gets.
func negotiated(t *testing.T, config *tls.Config) string {
	t.Helper()
	hello := &tls.ClientHelloInfo{ServerName: "a.example.com", SupportedProtos: []string{"acme-tls/1"}}
	if config.GetConfigForClient != nil {
		given, err := config.GetConfigForClient(hello)
		require.NoError(t, err)
		if given != nil {
			config = given
		}
	}
	return config.NextProtos[len(config.NextProtos)-1]
}

// A server without protocols of its own takes clients that offer some: with that
// of challenges alone they would be refused.
func TestTLSConfigWithoutProtocols(t *testing.T) {
	noLeak(t)
	m, err := acme.New(valid(t))
	require.NoError(t, err)
	ca, err := pki.New(nil)
	require.NoError(t, err)
	other, err := ca.Issue(&pki.Leaf{Names: []string{"other.test"}})
	require.NoError(t, err)
	own := &tls.Config{Certificates: []tls.Certificate{other.TLS()}, SessionTicketsDisabled: true} // the pipe waits for readers
	for name, base := range map[string]*tls.Config{
		"itself": own,
		"given":  {GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return own, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			config := m.TLSConfig(base)
			near, far := net.Pipe()
			server := tls.Server(far, config)
			done := make(chan error, 1)
			go func() { done <- server.HandshakeContext(t.Context()) }()
			client := tls.Client(near, &tls.Config{RootCAs: ca.Pool(), ServerName: "other.test", NextProtos: []string{"h2", "http/1.1"}})
			err := client.HandshakeContext(t.Context())
			near.Close()
			require.NoError(t, err)
			require.NoError(t, <-done)
			assert.Empty(t, client.ConnectionState().NegotiatedProtocol)
			assert.Equal(t, "acme-tls/1", negotiated(t, config))
		})
	}
	assert.Empty(t, own.NextProtos)
}

func TestHTTPHandlerOfOthers(t *testing.T) {
	m, err := acme.New(valid(t))
	require.NoError(t, err)
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for path, want := range map[string]int{"/": http.StatusTeapot, "/.well-known/acme-challenge/x": http.StatusNotFound} {
		w := httptest.NewRecorder()
		m.HTTPHandler(next).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://a.example.com"+path, nil))
		assert.Equal(t, want, w.Code, path)
	}
	w := httptest.NewRecorder()
	m.HTTPHandler(nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://a.example.com/", nil))
	assert.Equal(t, http.StatusNotFound, w.Code)
}

// At most five failures a host and hour.
func TestDelay(t *testing.T) {
	m, err := acme.New(valid(t))
	require.NoError(t, err)
	var at time.Duration
	tries := 0
	failure := errors.New("no")
	for ; at < time.Hour; tries++ {
		at += m.Delay(tries, failure)
	}
	assert.LessOrEqual(t, tries, 5)
	assert.Equal(t, 2*time.Minute, m.Delay(0, failure))
	assert.Equal(t, 6*time.Minute, m.Delay(1, failure))
	assert.Equal(t, 12*time.Hour, m.Delay(1000, failure))

	for after, want := range map[string]time.Duration{"": 2 * time.Minute, "60": 2 * time.Minute, "3600": time.Hour, "999999": 12 * time.Hour} {
		limited := &upstream.Error{ProblemType: "urn:ietf:params:acme:error:rateLimited", Header: http.Header{"Retry-After": {after}}}
		assert.Equal(t, want, m.Delay(0, limited), after)
		assert.Equal(t, want, m.Delay(0, &acme.Error{Op: "account", Err: limited}), "%s, about the account", after)
	}
}

func TestRunEnds(t *testing.T) {
	noLeak(t)
	m, err := acme.New(valid(t))
	require.NoError(t, err)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	require.ErrorIs(t, m.Run(ctx), cause)
	require.ErrorIs(t, m.Wait(ctx), cause)
}

func FuzzHosts(f *testing.F) {
	for _, host := range []string{"a.example.com", "A.test.", "..", "a/../b.c", "*.a.test", "xn--bcher-kva.example", ""} {
		f.Add(host)
	}
	f.Add("\u212a.test")
	f.Fuzz(func(t *testing.T, host string) {
		if acme.CheckHost(host) == nil {
			require.Negative(t, strings.IndexFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }), "a name in ASCII")
			require.NotContains(t, host, "/")
			require.NotContains(t, host, `\`)
			require.False(t, strings.HasPrefix(host, "."))
		}
	})
}
