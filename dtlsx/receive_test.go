package dtlsx_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// TestBadHellos are counted, and answered with nothing.
func TestBadHellos(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	good := helloBody(1, nil)
	cut := func(n int) []byte { return pieces(good[:n], 0, 0, 1<<14)[0] }
	long := slices.Clone(good)
	long[34] = 33 // bytes of a session ID
	var n int64
	for name, b := range map[string][]byte{
		"no session":             cut(34),
		"no cookie":              cut(35),
		"a long session":         pieces(long, 0, 0, 1<<14)[0],
		"a cookie that is cut":   pieces(append(slices.Clone(good[:35]), 9, 1), 0, 0, 1<<14)[0],
		"a fragment that is cut": append(hello(0, 0, 1, nil)[:11], wrap(22, 0, 0, hello(0, 0, 1, nil)[13:40])[11:]...),
	} {
		c := raw(t, "127.0.0.1", l)
		_, err := c.Write(b)
		require.NoError(t, err)
		n++
		eventually(t, name, func() bool { return l.Stats().Malformed == n })
	}
	assert.Zero(t, l.Stats().Challenged)
	c, s := connect(t, l)
	talk(t, c, s, "hello")
}

// TestHelloWithMoreBehind: a fragment of a hello may have another record behind it,
// which is not looked at before the hello is whole.
func TestHelloWithMoreBehind(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	c := raw(t, "127.0.0.1", l)
	all := pieces(helloBody(1, challenge(t, c, 1)), 1, 1, 80)
	require.Greater(t, len(all), 1)
	first := append(slices.Clone(all[0]), wrap(20, 0, 9, []byte{1})...)
	_, err := c.Write(first)
	require.NoError(t, err)
	eventually(t, "a handshake", func() bool { return l.Stats().Pending == 1 })
	for _, p := range all[1:] {
		_, err = c.Write(p)
		require.NoError(t, err)
	}
	b := make([]byte, 2048)
	k, err := c.Read(b)
	require.NoError(t, err)
	require.Greater(t, k, 13)
	assert.EqualValues(t, 2, b[13], "a ServerHello")
	assert.Zero(t, l.Stats().Malformed)
}
