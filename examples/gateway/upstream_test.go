package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

// issue makes a CA and a certificate of it for names.
func issue(t *testing.T, names ...string) (*pki.CA, *pki.Certificate) {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	cert, err := ca.Issue(&pki.Leaf{Names: names})
	require.NoError(t, err)
	return ca, cert
}

// secureUpstream runs an HTTPS server for a name, and returns its address and
// the file of its CA.
func secureUpstream(t *testing.T, name string, h2 bool) (address, ca string) {
	t.Helper()
	issuer, cert := issue(t, name)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s for %s", r.Proto, r.TLS.ServerName)
	}))
	srv.EnableHTTP2 = h2
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}
	srv.Config.ErrorLog = discardLog()
	srv.StartTLS()
	t.Cleanup(srv.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, issuer.PEM(), 0o600))
	return srv.Listener.Addr().String(), ca
}

// TLS to an upstream verifies the configured name against the configured CA,
// and speaks HTTP/2 where the upstream does.
func TestUpstreamTLS(t *testing.T) {
	for _, test := range []struct {
		name, tls string // %s: the CA file
		h2        bool
		status    int
		body      string
	}{
		{"HTTP/1.1", "{roots: {from: [{file: %s}]}, server_name: api.example}", false, 200, "HTTP/1.1 for api.example"},
		{"HTTP/2", "{roots: {from: [{file: %s}]}, server_name: api.example}", true, 200, "HTTP/2.0 for api.example"},
		{"wrong name", "{roots: {from: [{file: %s}]}, server_name: other.example}", true, 502, "Bad Gateway\n"},
		{"name of the address", "{roots: {from: [{file: %s}]}}", true, 502, "Bad Gateway\n"},
		{"unknown CA", "{server_name: api.example} # %s", true, 502, "Bad Gateway\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			settled(t)
			address, ca := secureUpstream(t, "api.example", test.h2)
			g := start(t, front(address, "tls: "+fmt.Sprintf(test.tls, ca)), nil)
			res, err := client(t, "HTTP/1.1", nil).Get(g.url("http", "http", "/"))
			require.NoError(t, err)
			assert.Equal(t, test.body, readAll(t, res))
			assert.Equal(t, test.status, res.StatusCode)
		})
	}
}

// A TCP session can go on to an upstream with TLS, and ends there as a session.
func TestTCPUpstreamTLS(t *testing.T) {
	settled(t)
	issuer, cert := issue(t, "127.0.0.1")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, issuer.PEM(), 0o600))
	l := tls.NewListener(listenTCP(t), &tls.Config{Certificates: []tls.Certificate{cert.TLS()}})
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.Copy(c, c)
	}()
	g := start(t, front(l.Addr().String(), "tls: {roots: {from: [{file: "+ca+"}]}}"), nil)
	c := dialTCP(t, g.address("tcp"))
	say(t, c, "hello")
	require.NoError(t, c.CloseWrite())
	hear(t, c, "hello")
}

// A gateway can listen on and dial unix sockets.
func TestUnix(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "up"))
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(echoRequest)}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	g := start(t, fmt.Sprintf(`
upstreams: [{name: up, address: "unix://%[1]s/up"}]
listeners:
  - {name: http, address: "unix://%[1]s/http", protocol: http, routes: [{upstream: up}]}
  - {name: tcp, address: "unix://%[1]s/tcp", routes: [{upstream: up}]}
`, dir), nil)
	for _, name := range []string{"http", "tcp"} {
		c, err := net.Dial("unix", filepath.Join(dir, name))
		require.NoError(t, err)
		say(t, c, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nping")
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		require.NoError(t, c.Close())
		assert.Contains(t, string(got), "200 OK")
		assert.Contains(t, string(got), "\r\n\r\nping")
	}
	assert.Nil(t, g.Addr("no such listener"))
}

// Certificates come from files, as they do outside of the example.
func TestCertificateFromFiles(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	issuer, cert := issue(t, "127.0.0.1")
	_, _, err := cert.Write(dir, "web")
	require.NoError(t, err)
	file := filepath.Join(dir, "gateway.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
upstreams: [{name: up, echo: http}]
listeners:
  - name: https
    address: 127.0.0.1:0
    protocol: http
    tls: {certificates: [{chain: {file: web.pem}, key: {file: web.key}}]}
    routes: [{upstream: up}]
`), 0o600))
	cfg, err := LoadFile(file, nil)
	require.NoError(t, err)
	g, err := Start(t.Context(), cfg, quiet(), nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := contextFor(patience)
		defer cancel()
		assert.True(t, g.Shutdown(ctx))
	})
	assert.Nil(t, g.CA())
	res, err := client(t, "HTTP/2.0", issuer.Pool()).Get("https://" + g.Addr("https").String() + "/x")
	require.NoError(t, err)
	assert.Contains(t, readAll(t, res), "GET /x ")
}
