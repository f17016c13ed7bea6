package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAddressClashes(t *testing.T) {
	tcp := func(host string) Address { return Address{"tcp", host} }
	for _, tt := range []struct {
		a, b Address
		want bool
	}{
		{tcp("127.0.0.1:80"), tcp("127.0.0.1:80"), true},
		{tcp("127.0.0.1:80"), tcp("127.0.0.1:81"), false},
		{tcp("127.0.0.1:80"), tcp("127.0.0.2:80"), false},
		{tcp("127.0.0.1:80"), tcp("0.0.0.0:80"), true},
		{tcp("127.0.0.1:80"), tcp(":80"), true},
		{tcp("127.0.0.1:80"), tcp("localhost:80"), true},
		{tcp("127.0.0.1:80"), tcp("[::]:80"), true},
		{tcp("127.0.0.1:80"), tcp("[::ffff:127.0.0.1]:80"), true},
		{tcp("[::1]:80"), tcp("[0:0::1]:80"), true},
		{tcp("[::1]:80"), tcp("[::2]:80"), false},
		{tcp("[::1]:80-90"), tcp("[::1]:90-99"), true},
		{tcp("[::1]:80-90"), tcp("[::1]:91"), false},
		{tcp(":0"), tcp(":0"), false},
		{tcp(":80"), Address{"tcp4", ":80"}, true},
		{tcp(":80"), Address{"udp", ":80"}, false},
		{tcp(":80"), Address{"unix", ":80"}, false},
		{Address{"unix", "a"}, Address{"unixpacket", "a"}, true},
		{Address{"unix", "a"}, Address{"unix", "b"}, false},
		{Address{"fd", "3"}, Address{"fd", "3"}, true},
		{Address{"fd", "3"}, Address{"systemd", "3"}, false},
		{Address{"fd", "3"}, Address{"unix", "3"}, false},
	} {
		assert.Equal(t, tt.want, tt.a.clashes(tt.b), "%v and %v", tt.a, tt.b)
		assert.Equal(t, tt.want, tt.b.clashes(tt.a), "%v and %v", tt.b, tt.a)
	}
}

// A range is no port to dial.
func TestParseDialAddress(t *testing.T) {
	for _, text := range []string{"tcp://a:80-80", "a:80-81", "a:0", ":80", "fd://3"} {
		_, err := parseDialAddress(text)
		require.Error(t, err, text)
	}
}

// A target of connect_to is found in other notations too.
func TestTarget(t *testing.T) {
	for text, want := range map[string]string{
		"a.example:443":    "A.example.:443",
		"A.example.:443":   "a.example:443",
		"a.example:0443":   "a.example:443",
		"*.example.:443":   "a.example:443",
		"[::1]:443":        "[::1]:443",
		"*.b.example:8080": "x.a.B.example:8080",
	} {
		target, err := parseTarget(text)
		require.NoError(t, err)
		assert.True(t, target.matches(want), "%s is %s", text, want)
		assert.False(t, target.matches("b.example:444"))
	}
	_, err := parseTarget("a.example:1-1")
	require.Error(t, err)
}
