package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

// secured is a configuration whose listeners have a tls entry.
func secured(entry string) string {
	return fmt.Sprintf(`
upstreams: [{name: up, echo: http}, {name: bytes, echo: tcp}]
listeners:
  - {name: https, address: 127.0.0.1:0, protocol: http, tls: %[1]s, routes: [{upstream: up}]}
  - {name: tcp, address: 127.0.0.1:0, tls: %[1]s, routes: [{upstream: bytes}]}
`, entry)
}

// serial returns the serial number of the certificate that a server presents for
// a name, or the error of the handshake.
func serial(address, name string, roots *pki.CA, more ...tls.Certificate) (string, error) {
	c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots.Pool(), ServerName: name, Certificates: more})
	if err != nil {
		return "", err
	}
	defer c.Close()
	// In TLS 1.3 the server's verdict on the client comes after the handshake.
	c.SetDeadline(time.Now().Add(patience))
	_, failed := c.Write([]byte("GET /x HTTP/1.1\r\nHost: x\r\n\r\n")) // when it was refused already; Read has the reason
	if _, err := c.Read(make([]byte, 1)); err != nil {
		return "", errors.Join(failed, err)
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// Each name gets its certificate, unknown ones are refused, and a new file is
// taken while the gateway runs: conns stay, also half-written ones.
func TestCertificatesByName(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	want := map[string]string{}
	write := func(file string, names ...string) {
		cert, err := ca.Issue(&pki.Leaf{Names: names})
		require.NoError(t, err)
		_, _, err = cert.Write(dir, file)
		require.NoError(t, err)
		want[file] = cert.Leaf().SerialNumber.String()
	}
	write("a", "a.example")
	write("wild", "*.b.example")
	at := func(name string) string { return filepath.Join(dir, name) }
	g := start(t, secured(fmt.Sprintf("{unknown_name: refuse, certificates: [{chain: {file: %s}, key: {file: %s}}, {chain: {file: %s}, key: {file: %s}}]}",
		at("a.pem"), at("a.key"), at("wild.pem"), at("wild.key"))), nil)
	for _, listener := range []string{"https", "tcp"} {
		address := g.address(listener)
		for name, file := range map[string]string{"a.example": "a", "x.b.example": "wild"} {
			got, err := serial(address, name, ca)
			require.NoError(t, err)
			assert.Equal(t, want[file], got)
		}
		_, err = serial(address, "c.example", ca)
		require.ErrorContains(t, err, "unrecognized name")
	}

	kept := dialTCP(t, g.address("tcp"))
	secure := tls.Client(kept, &tls.Config{RootCAs: ca.Pool(), ServerName: "a.example"})
	require.NoError(t, secure.Handshake())
	before := want["a"]
	require.NoError(t, os.WriteFile(at("a.key"), []byte("half a key"), 0o600))
	g.log.eventually(t, "change refused")
	got, err := serial(g.address("https"), "a.example", ca)
	require.NoError(t, err)
	assert.Equal(t, before, got, "the old one stays in use")
	write("a", "a.example")
	require.Eventually(t, func() bool {
		got, err := serial(g.address("https"), "a.example", ca)
		return err == nil && got == want["a"]
	}, patience, 10*time.Millisecond)
	assert.NotEqual(t, before, want["a"])
	say(t, secure, "still here")
	require.NoError(t, secure.CloseWrite())
	hear(t, secure, "still here")
}

// Only clients with a certificate of the client CA, and with the right name, get
// through, resumed or not; the system's CAs do not help.
func TestClientCertificates(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	ca, server := issue(t, "a.example")
	_, _, err := server.Write(dir, "server")
	require.NoError(t, err)
	clients, good := issue(t, "spiffe://example.org/good")
	other, err := clients.Issue(&pki.Leaf{Names: []string{"spiffe://example.com/bad"}})
	require.NoError(t, err)
	_, foreign := issue(t, "spiffe://example.org/good")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "clients.pem"), clients.PEM(), 0o600))
	g := start(t, secured(strings.ReplaceAll("{certificates: [{chain: {file: D/server.pem}, key: {file: D/server.key}}], client_cas: {from: [{file: D/clients.pem}]}, "+
		`client_auth: require_and_verify, peer: {names: ["spiffe://example.org/*"]}}`, "D", dir)), nil)
	for _, listener := range []string{"https", "tcp"} {
		_, err := serial(g.address(listener), "a.example", ca, good.TLS())
		require.NoError(t, err)
		for name, test := range map[string]struct {
			certs []tls.Certificate
			alert string
		}{
			"none":    {nil, "certificate required"},
			"other":   {[]tls.Certificate{other.TLS()}, "bad certificate"},
			"foreign": {[]tls.Certificate{foreign.TLS()}, "certificate"},
		} {
			_, err := serial(g.address(listener), "a.example", ca, test.certs...)
			assert.ErrorContains(t, err, test.alert, name)
		}
	}
}

// An upstream is asked with the gateway's own certificate, and by the version of
// HTTP that it is said to speak.
func TestUpstreamVersions(t *testing.T) {
	settled(t)
	dir := t.TempDir()
	ca, cert := issue(t, "127.0.0.1")
	clients, own := issue(t, "gateway.example")
	_, _, err := own.Write(dir, "own")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.pem"), ca.PEM(), 0o600))
	for name, test := range map[string]struct {
		keys, body string
		secure     bool
	}{
		"h1":         {"http_versions: [http1]", "HTTP/1.1 ", false},
		"h2c":        {"http_versions: [h2c]", "HTTP/2.0 ", false},
		"TLS":        {"http_versions: [http1, http2]", "HTTP/2.0 gateway.example", true},
		"TLS and h1": {"http_versions: [http1]", "HTTP/1.1 gateway.example", true},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				peer := ""
				if r.TLS != nil {
					peer = r.TLS.PeerCertificates[0].DNSNames[0]
				}
				fmt.Fprintf(w, "%s %s", r.Proto, peer)
			}))
			srv.Config.Protocols = new(http.Protocols)
			srv.Config.Protocols.SetHTTP1(true)
			srv.Config.Protocols.SetHTTP2(true)
			srv.Config.Protocols.SetUnencryptedHTTP2(true)
			t.Cleanup(srv.Close)
			if test.secure {
				srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert.TLS()}, ClientCAs: clients.Pool(),
					ClientAuth: tls.RequireAndVerifyClientCert, NextProtos: []string{"h2", "http/1.1"}}
				srv.StartTLS()
			} else {
				srv.Start()
			}
			keys := []string{test.keys}
			if test.secure {
				keys = append(keys, strings.ReplaceAll("tls: {roots: {from: [{file: D/ca.pem}]}, certificates: [{chain: {file: D/own.pem}, key: {file: D/own.key}}]}", "D", dir))
			}
			g := start(t, front(srv.Listener.Addr().String(), keys...), nil)
			res, err := client(t, "HTTP/1.1", nil).Get(g.url("http", "http", "/"))
			require.NoError(t, err)
			assert.Equal(t, test.body, readAll(t, res))
		})
	}
}
