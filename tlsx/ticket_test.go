package tlsx_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// keyOf returns a ticket key of 32 times b.
func keyOf(b byte) (key [32]byte) {
	copy(key[:], bytes.Repeat([]byte{b}, 32))
	return key
}

func b64(key [32]byte) string { return base64.StdEncoding.EncodeToString(key[:]) }

func TestTicketKeys(t *testing.T) {
	a, b := keyOf(0xfb), keyOf(2)
	for name, text := range map[string]string{
		"base64":   b64(a) + "\n" + b64(b) + "\n",
		"unpadded": strings.TrimRight(b64(a), "=") + "\n" + b64(b),
		"url":      base64.URLEncoding.EncodeToString(a[:]) + "\r\n" + b64(b) + "\r\n",
		"hex":      hex.EncodeToString(a[:]) + "\n" + strings.ToUpper(hex.EncodeToString(b[:])),
		"mixed":    "\ufeff# newest\n\n  " + b64(a) + "\t\n# old\n" + hex.EncodeToString(b[:]) + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := tlsx.ParseTicketKeys([]byte(text))
			require.NoError(t, err)
			assert.Equal(t, [][32]byte{a, b}, keys)
		})
	}
	keys, err := tlsx.ParseTicketKeys(a[:])
	require.NoError(t, err)
	assert.Equal(t, [][32]byte{a}, keys, "raw")
}

func TestTicketKeysRefused(t *testing.T) {
	a := b64(keyOf(1))
	var many strings.Builder
	for i := range 66 {
		many.WriteString(b64(keyOf(byte(i+1))) + "\n")
	}
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "\n# none\n", "holds no key: want 32 bytes in base64 or hex a line, or 32 raw bytes"},
		{"short", a + "\n" + base64.StdEncoding.EncodeToString([]byte("short")), "line 2 is a key of 5 bytes: want 32"},
		{"nginx", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 48)), "line 1 is a key of 48 bytes: want 32"},
		{"raw of nginx", strings.Repeat("\x01", 80), "line 1 is neither base64 nor hex of 32 bytes"},
		{"not text", "secret?!", "line 1 is neither base64 nor hex of 32 bytes"},
		{"not hex", strings.Repeat("g", 64), "line 1 is a key of 48 bytes: want 32"},
		{"zeros", b64([32]byte{}), "line 1 is a key of zeros"},
		{"raw zeros", strings.Repeat("\x00", 32), "is a key of zeros"},
		{"too many", many.String(), "is one key too many: want at most 64"},
		{"twice", a + "\n" + a, "has a key that Tickets.Keys[0] has too"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := tlsx.New(&tlsx.Config{Tickets: tlsx.Tickets{Keys: []tlsx.Data{tlsx.Text(c.text)}}})
			e := failure(t, err)
			assert.Equal(t, "load", e.Op)
			assert.Equal(t, "Tickets.Keys[0]", e.Field)
			assert.Equal(t, "(text)", e.Value)
			assert.EqualError(t, e.Err, c.want)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

// The bound and the search for duplicates go across all texts.
func TestTicketKeysAcrossTexts(t *testing.T) {
	var data []tlsx.Data
	for i := range 65 {
		data = append(data, tlsx.Text(b64(keyOf(byte(i+1)))))
	}
	_, err := tlsx.New(&tlsx.Config{Tickets: tlsx.Tickets{Keys: data}})
	assert.Equal(t, "Tickets.Keys[64]", failure(t, err).Field)
	_, err = tlsx.New(&tlsx.Config{Tickets: tlsx.Tickets{Keys: data[:64]}})
	require.NoError(t, err)
	_, err = tlsx.New(&tlsx.Config{Tickets: tlsx.Tickets{Keys: []tlsx.Data{data[0], data[1], data[0]}}})
	assert.ErrorContains(t, err, "tlsx: load: Tickets.Keys[2]=(text): has a key that Tickets.Keys[0] has too")
}

func TestTicketKeysConfig(t *testing.T) {
	_, err := tlsx.New(&tlsx.Config{
		Sessions: 1<<20 + 1,
		Tickets: tlsx.Tickets{Off: true, Keys: []tlsx.Data{
			{}, {Env: "A", Text: "b"},
		}},
	})
	for _, want := range []string{
		"tlsx: config: Tickets.Keys[0]: is empty: want File, Env or Text",
		"tlsx: config: Tickets.Keys[0]: is not used: Tickets.Off is set",
		"tlsx: config: Tickets.Keys[1]=$A: has more than one of File, Env and Text",
		"tlsx: config: Sessions=1048577: is too many: want at most 1048576",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestTicketKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets")
	c := &tlsx.Config{Tickets: tlsx.Tickets{Keys: []tlsx.Data{tlsx.File(path)}}}
	_, err := tlsx.New(c)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, path, failure(t, err).Value)

	write(t, path, b64(keyOf(1)), 0o644)
	_, err = tlsx.New(c)
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" || runtime.GOOS == "js" {
		require.NoError(t, err, "the mode says nothing here")
	} else {
		assert.EqualError(t, failure(t, err).Err, "can be read by others: want no permission for others, mode 0640 or 0600")
	}
	write(t, path, b64(keyOf(1)), 0o640)
	_, err = tlsx.New(c)
	require.NoError(t, err)

	t.Setenv("TLSX_TICKETS", "")
	c.Tickets.Keys[0] = tlsx.Env("TLSX_TICKETS")
	_, err = tlsx.New(c)
	assert.EqualError(t, err, "tlsx: load: Tickets.Keys[0]=$TLSX_TICKETS: environment variable is not set, or empty")
}

func FuzzTicketKeys(f *testing.F) {
	f.Add([]byte(b64(keyOf(1)) + "\n# old\n" + strings.Repeat("0a", 32)))
	f.Add(bytes.Repeat([]byte{0xff}, 32))
	f.Add([]byte("\ufeff\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := tlsx.ParseTicketKeys(text)
		if err != nil {
			assert.Empty(t, keys)
			return
		}
		assert.NotEmpty(t, keys)
		var again strings.Builder
		for _, key := range keys {
			assert.NotEqual(t, [32]byte{}, key)
			again.WriteString(b64(key) + "\n")
		}
		same, err := tlsx.ParseTicketKeys([]byte(again.String()))
		require.NoError(t, err)
		assert.Equal(t, keys, same)
	})
}
