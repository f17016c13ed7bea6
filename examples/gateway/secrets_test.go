package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// planted stands where a document has secrets. Some of it is escaped in URLs and
// in quotes.
const planted = `Kq7WzvR9tT2"mB5nX8%cL4hJ6yG3`

// shows reports whether a text has six letters in a row of what planted looks like.
func shows(text string) bool {
	for _, form := range []string{
		planted, fmt.Sprintf("%q", planted), url.QueryEscape(planted),
		hex.EncodeToString([]byte(planted)), base64.StdEncoding.EncodeToString([]byte(planted)),
	} {
		for i := range len(form) - 5 {
			if strings.Contains(text, form[i:i+6]) {
				return true
			}
		}
	}
	return false
}

// A secret is in nothing that the gateway prints or logs when it cannot start,
// whether the secret is wrong or something else is.
func TestSecretsAreNotPrinted(t *testing.T) {
	require.True(t, shows("x "+planted[4:10]+" y"), "a leak is found")
	t.Setenv("GATEWAY_TEST_SECRET", planted)
	taken := listenTCP(t)
	t.Cleanup(func() { taken.Close() })
	user := url.UserPassword("user", planted).String()
	pem := `"-----BEGIN PRIVATE KEY-----\n` + base64.StdEncoding.EncodeToString([]byte(planted)) + `\n-----END PRIVATE KEY-----\n"`
	quoted := fmt.Sprintf("%q", planted)
	for name, test := range map[string]string{
		"key":            tlsDocument("key: {text: " + quoted + "}"),
		"key in PEM":     tlsDocument("key: {text: " + pem + "}"),
		"password":       tlsDocument("key: {text: " + pem + "}, password: {text: " + quoted + "}"),
		"PKCS12":         tlsDocument("pkcs12: {text: " + quoted + "}, password: {env: GATEWAY_TEST_SECRET}"),
		"variable":       tlsDocument("key: {env: GATEWAY_TEST_SECRET}"),
		"substituted":    tlsDocument(`key: {text: "${GATEWAY_TEST_SECRET}"}`),
		"not an object":  tlsDocument(`key: "${GATEWAY_TEST_SECRET}"`),
		"a list":         tlsDocument("key: [" + quoted + "]"),
		"tickets":        listenDocument("tls: {tickets: {keys: [{text: " + quoted + "}]}}"),
		"PSK":            listenDocument(`dtls: {psk: {text: "client:` + hex.EncodeToString([]byte(planted))[:31] + `"}}`),
		"PSK no hex":     listenDocument("dtls: {psk: {text: " + fmt.Sprintf("%q", "client:"+planted) + "}}"),
		"token key":      listenDocument("quic: {token_key: {text: " + quoted + "}}"),
		"proxy":          proxyDocument("http://" + user + "@proxy/x"),
		"proxy's port":   proxyDocument("http://" + user + "@proxy:99999"),
		"proxy's scheme": proxyDocument("gopher://" + user + "@proxy"),
		"proxy's escape": proxyDocument(strings.ReplaceAll("http://user:"+planted+"@proxy", `"`, "")),
		"address in use": strings.Replace(proxyDocument("http://"+user+"@127.0.0.1:1"), "127.0.0.1:0", taken.Addr().String(), 1),
		"cut":            proxyDocument("http://" + user + "@proxy")[:60],
	} {
		t.Run(name, func(t *testing.T) {
			settled(t)
			file := filepath.Join(t.TempDir(), "gateway.yaml")
			require.NoError(t, os.WriteFile(file, []byte(test), 0o600))
			var out, diag bytes.Buffer
			assert.Equal(t, 1, run(t.Context(), []string{"-env", "-log", "debug", "-config", file}, &out, &diag))
			assert.NotEmpty(t, diag.String())
			run(t.Context(), []string{"-env", "-check", file}, &out, &diag)
			assert.False(t, shows(out.String()+diag.String()), "%s%s", &out, &diag)
		})
	}
}

func tlsDocument(pair string) string {
	return listenDocument("tls: {certificates: [{chain: {text: none}, " + pair + "}]}")
}

func listenDocument(field string) string {
	return `
upstreams: [{name: up, echo: tcp}]
listeners: [{name: a, address: "127.0.0.1:0", protocol: tcp, routes: [{upstream: up}], ` + field + "}]\n"
}

func proxyDocument(proxy string) string {
	return fmt.Sprintf(`
upstreams: [{name: up, address: "127.0.0.1:9", dial: {proxies: [{url: %q}]}}]
listeners: [{name: a, address: "127.0.0.1:0", protocol: tcp, routes: [{upstream: up}]}]
`, proxy)
}
