package tlsx_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// Editors write line ends and marks of their own.
func TestDataOfEditors(t *testing.T) {
	sub, err := authority(t).Intermediate(nil)
	require.NoError(t, err)
	made := leafOf(t, sub, pki.Leaf{Names: []string{"example.com"}})
	for name, edit := range map[string]func(string) string{
		"as it is":         func(s string) string { return s },
		"Windows":          func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "\n", "\r\n") },
		"without last end": strings.TrimSpace,
		"words before":     func(s string) string { return "Bag Attributes\n    friendlyName: x\n" + s },
	} {
		t.Run(name, func(t *testing.T) {
			text := func(b []byte) tlsx.Data { return tlsx.Text(edit(string(b))) }
			presents(t, one(tlsx.Certificate{Chain: text(made.ChainPEM()), Key: text(made.KeyPEM())}))
			_, err := tlsx.New(&tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{text(sub.PEM())}}})
			assert.NoError(t, err)
		})
	}
}

// Wherever a chain or a key is cut, it is not taken for a shorter one.
func TestDataHalfWritten(t *testing.T) {
	sub, err := authority(t).Intermediate(nil)
	require.NoError(t, err)
	made := leafOf(t, sub, pki.Leaf{Names: []string{"example.com"}})
	chain, key := string(made.ChainPEM()), string(made.KeyPEM())
	whole := strings.Index(chain, "-----END CERTIFICATE-----\n") + len("-----END CERTIFICATE-----\n")
	for end := whole + 1; end < len(chain)-1; end++ {
		_, err := tlsx.New(one(tlsx.Certificate{Chain: tlsx.Text(chain[:end]), Key: tlsx.Text(key)}))
		require.Error(t, err, "%d bytes", end)
		require.Contains(t, failure(t, err).Field, "Chain")
	}
	for end := range len(key) - 1 {
		_, err := tlsx.New(one(tlsx.Certificate{Chain: tlsx.Text(chain), Key: tlsx.Text(key[:end] + "\n")}))
		require.Error(t, err, "%d bytes", end)
		_, err = tlsx.New(one(tlsx.Certificate{Chain: tlsx.Text(chain + key[:end])}))
		require.Error(t, err, "%d bytes", end)
	}
	damaged := chain[:whole] + strings.Replace(chain[whole:], "M", "!", 1)
	refused(t, one(tlsx.Certificate{Chain: tlsx.Text(damaged), Key: tlsx.Text(key)}), "Certificates[0].Chain=(text): |cut or malformed")
	refused(t, one(tlsx.Certificate{Chain: tlsx.Text(chain + "x"), Key: tlsx.Text(key)}), "Certificates[0].Chain=(text): |other data after")
}

// Whatever it is printed with, a text is not shown.
func TestDataIsHidden(t *testing.T) {
	d := tlsx.Text("hunter2-hunter2")
	text, err := json.Marshal(map[string]any{"key": tlsx.Certificate{Key: d}.Key})
	require.NoError(t, err)
	assert.JSONEq(t, `{"key": "(text)"}`, string(text))
	for _, verb := range everyVerb {
		assert.NotContains(t, fmt.Sprintf(verb, d), "hunter2")
		assert.NotContains(t, fmt.Sprintf(verb, &tlsx.Config{Tickets: tlsx.Tickets{Keys: []tlsx.Data{d}}}), "hunter2")
	}
	assert.Equal(t, `a.pem $B (text) "a.pem" [     a.pem] 612e70656d`, fmt.Sprintf("%v %#v %d %q [%10v] %x",
		tlsx.File("a.pem"), tlsx.Env("B"), d, tlsx.File("a.pem"), tlsx.File("a.pem"), tlsx.File("a.pem")))
}

var everyVerb = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%o", "%b", "%U", "%c"}

// A key that is a list of bytes is not shown where the config is printed.
func TestSignerIsHidden(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	cfg := tlsx.Config{Certificates: []tlsx.Certificate{{Chain: tlsx.File("a.pem"), Signer: key, Names: []string{"a.test"}}}}
	for _, verb := range everyVerb {
		bare := strings.Trim(fmt.Sprintf(verb, []byte(key[:4])), "[]{}\"")
		for _, value := range []any{cfg, &cfg, cfg.Certificates, cfg.Certificates[0], &cfg.Certificates[0]} {
			text := fmt.Sprintf(verb, value)
			assert.Contains(t, text, "ed25519.PrivateKey", verb)
			assert.NotContains(t, text, bare, verb)
		}
	}
	assert.Contains(t, fmt.Sprintf("%+v", cfg), "Chain:a.pem")
	assert.Equal(t, key, cfg.Certificates[0].Signer, "the config stays")
	assert.Contains(t, fmt.Sprintf("%+v", tlsx.Certificate{}), "Signer:<nil>")
}
