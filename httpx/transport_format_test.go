package httpx_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/httpx"
)

// A config that is printed, alone or in something else, shows no secret of its proxy.
func TestTransportConfigPrints(t *testing.T) {
	cfg := httpx.TransportConfig{
		ProxyURL: proxyURL("http://gopher:pa55word@proxy.test:3128"), NoProxy: "direct.test",
		ProxyConnectHeader: http.Header{"Proxy-Authorization": {"Bearer pa55word"}},
	}
	broken := httpx.TransportConfig{ProxyURL: proxyURL("http://gopher@proxy.test/pa55word")}
	for _, value := range []any{cfg, &cfg, struct{ Config httpx.TransportConfig }{cfg}, []*httpx.TransportConfig{&cfg}, broken, &broken} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, value)
			assert.NotContains(t, text, "pa55word", verb)
			assert.NotContains(t, text, fmt.Sprintf("%x", "pa55word"), verb)
		}
		var logged strings.Builder
		for _, h := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
			slog.New(h).Info("made", "config", value)
		}
		assert.Contains(t, logged.String(), "made")
		assert.NotContains(t, logged.String(), "pa55word")
		text, err := json.Marshal(value)
		assert.NotContains(t, string(text), "pa55word", err)
	}
	text := fmt.Sprintf("%+v", cfg)
	assert.Contains(t, text, "ProxyURL:http://gopher:xxxxx@proxy.test:3128 NoProxy:direct.test")
	assert.Contains(t, text, "ProxyConnectHeader:map[Proxy-Authorization:[xxxxx]]")
	assert.Contains(t, fmt.Sprintf("%+v", broken), "ProxyURL:http://...")
	assert.Equal(t, "http://gopher:pa55word@proxy.test:3128", cfg.ProxyURL.String(), "the config stays")
	assert.Equal(t, "Bearer pa55word", cfg.ProxyConnectHeader.Get("Proxy-Authorization"))
	assert.Contains(t, fmt.Sprintf("%v", (*httpx.TransportConfig)(nil)), "nil")
	assert.NotContains(t, fmt.Sprintf("%+v", httpx.TransportConfig{}), "xxxxx")
}
