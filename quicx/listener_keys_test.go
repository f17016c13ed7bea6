package quicx_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// Who prints a config, or one that has it inside, prints no key.
func TestListenConfig_KeysAreNotPrinted(t *testing.T) {
	const secret = "0123456789abcdef0123456789ABCDEF"
	cfg := quicx.ListenConfig{StatelessResetKey: []byte(secret), TokenKey: []byte(secret)}
	outer := struct{ Listen quicx.ListenConfig }{cfg}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%o", "%b", "%U", "%c"} {
		var bare []string // what fmt makes of the bytes
		for _, b := range []any{[]byte(secret), []byte(secret)[:4]} {
			bare = append(bare, strings.Trim(fmt.Sprintf(verb, b), `[]{}"`))
		}
		for _, v := range []any{cfg, &cfg, outer, cfg.TokenKey} {
			text := fmt.Sprintf(verb, v)
			assert.Contains(t, text, "32 bytes", verb)
			for _, b := range bare {
				assert.NotContains(t, text, b, verb)
			}
		}
	}
	text, err := json.Marshal(map[string]any{"key": cfg.TokenKey})
	require.NoError(t, err)
	assert.JSONEq(t, `{"key": "32 bytes"}`, string(text))
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", cfg, "key", cfg.TokenKey)
	assert.NotContains(t, log.String(), secret)
	assert.Contains(t, log.String(), `key="32 bytes"`)
}
