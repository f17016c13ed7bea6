package acme_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/acme"
)

// Who prints a config, or one that has it inside, prints no key, and neither does the
// error about one that is wrong.
func TestConfig_KeyIsNotPrinted(t *testing.T) {
	const secret = "0123456789abcdef0123456789ABCDEF"
	cfg := acme.Config{ExternalAccount: acme.ExternalAccount{Key: []byte(secret)}}
	outer := struct{ ACME acme.Config }{cfg}
	_, err := acme.New(&cfg)
	require.ErrorContains(t, err, "ExternalAccount")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%o", "%b", "%U", "%c"} {
		var bare []string // what fmt makes of the bytes
		for _, b := range []any{[]byte(secret), []byte(secret)[:4]} {
			bare = append(bare, strings.Trim(fmt.Sprintf(verb, b), `[]{}"`))
		}
		for _, v := range []any{cfg, &cfg, outer, cfg.ExternalAccount.Key} {
			text := fmt.Sprintf(verb, v)
			assert.Contains(t, text, "32 bytes", verb)
			for _, b := range bare {
				assert.NotContains(t, text, b, verb)
			}
		}
	}
	assert.NotContains(t, err.Error(), secret[:4])
	text, err := json.Marshal(map[string]any{"key": cfg.ExternalAccount.Key})
	require.NoError(t, err)
	assert.JSONEq(t, `{"key": "32 bytes"}`, string(text))
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", cfg.ExternalAccount, "key", cfg.ExternalAccount.Key)
	assert.NotContains(t, log.String(), secret)
	assert.Contains(t, log.String(), `key="32 bytes"`)
}
