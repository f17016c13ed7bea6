package dtlsspec_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/dtlsspec"
)

func TestReadKeys(t *testing.T) {
	keys, err := dtlsspec.ReadKeys([]byte("\ufeff# keys\r\n\r\nsensor-7:0102F00d\r\n a:b::00\n:01"))
	require.NoError(t, err)
	assert.Equal(t, map[string][]byte{"sensor-7": {1, 2, 0xf0, 0x0d}, "a:b:": {0}, "": {1}}, keys)
	_, err = dtlsspec.ReadKeys([]byte(strings.Repeat("no key\n", 100)))
	assert.Equal(t, 9, strings.Count(err.Error(), "\n"), "not all of them are told")
	_, err = dtlsspec.ReadKeys([]byte(strings.Repeat("\n", 1<<16+1)))
	require.EqualError(t, err, "has more than 65536 lines")
	_, err = dtlsspec.ReadKeys([]byte(strings.Repeat("\n", 1<<16)))
	assert.NoError(t, err)
}

// What is read has a key of the right length for each identity, and an error has no
// part of a key.
func FuzzReadKeys(f *testing.F) {
	for _, s := range []string{"a:01", "a:b:01\nc:02\n", "# x\n\n", ":", "a:0", "a:01\na:02", "\ufeffa:01\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := dtlsspec.ReadKeys(text)
		for identity, key := range keys {
			assert.NotEmpty(t, key)
			assert.LessOrEqual(t, len(key), 1024)
			assert.Contains(t, strings.ToLower(string(text)), strings.ToLower(identity+":"+hex.EncodeToString(key)))
		}
		if err != nil {
			assert.Regexp(t, `^((line \d+ [a-z1024 ]+|has more than 65536 lines)(\n|$))+$`, err.Error())
		}
	})
}
