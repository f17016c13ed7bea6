package virtnet_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
)

func TestParseAddr(t *testing.T) {
	for text, want := range map[string]virtnet.Addr{
		"α:1":        {Net: "pipet", Host: "α", Port: 1},
		":0":         {Net: "pipet", Host: "", Port: 0},
		"β:65535":    {Net: "pipet", Host: "β", Port: 65535},
		"[a:b]:7":    {Net: "pipet", Host: "a:b", Port: 7},
		"host:00080": {Net: "pipet", Host: "host", Port: 80},
	} {
		got, err := virtnet.ParseAddr("pipet", text)
		require.NoError(t, err, text)
		assert.Equal(t, &want, got)
		assert.Equal(t, "pipet", got.Network())
	}
	assert.Equal(t, "α:1", (&virtnet.Addr{Host: "α", Port: 1}).String())
	assert.Equal(t, "[a:b]:7", (&virtnet.Addr{Host: "a:b", Port: 7}).String())
}

func TestParseAddrErrors(t *testing.T) {
	for text, reason := range map[string]string{
		"":                             "missing port in address",
		"α":                            "missing port in address",
		"a:b:1":                        "too many colons in address",
		"[a:1":                         "missing ']' in address",
		"α:":                           "invalid port",
		"α:x":                          "invalid port",
		"α:http":                       "invalid port",
		"α:-1":                         "invalid port",
		"α:+1":                         "invalid port",
		"α: 1":                         "invalid port",
		"α:65536":                      "invalid port",
		"α:18446744073709551617":       "invalid port",
		"α:" + strings.Repeat("9", 99): "invalid port",
	} {
		a, err := virtnet.ParseAddr("pipet", text)
		assert.Nil(t, a, text)
		var e *net.AddrError
		require.ErrorAs(t, err, &e, text)
		assert.Equal(t, &net.AddrError{Err: reason, Addr: text}, e)
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, s := range []string{"α:1", ":0", "[a:b]:7", "a:65536", "[[]]:1", "%:1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := virtnet.ParseAddr("n", s)
		if err != nil {
			var e *net.AddrError
			require.ErrorAs(t, err, &e)
			return
		}
		require.True(t, a.Port >= 0 && a.Port <= 65535)
		again, err := virtnet.ParseAddr("n", a.String())
		require.NoError(t, err)
		require.Equal(t, a, again)
	})
}
