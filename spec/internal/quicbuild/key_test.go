package quicbuild_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/quicbuild"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

var (
	digits = strings.Repeat("5a", quicbuild.KeyLength)
	raw    = strings.Repeat("Z", quicbuild.KeyLength)
)

func text(s string) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Text{Text: s}}
}

func env(s string) *specv1.DataSource {
	return &specv1.DataSource{Source: &specv1.DataSource_Env{Env: s}}
}

// file writes a file for its owner alone.
func file(t *testing.T, content string) *specv1.DataSource {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return &specv1.DataSource{Source: &specv1.DataSource_File{File: path}}
}

func read(d *specv1.DataSource) ([]byte, error) {
	var p build.Problems
	key := quicbuild.Key(&p, "key", d)
	return key, p.Err()
}

func TestKey(t *testing.T) {
	t.Setenv("SPEC_TEST_KEY", digits)
	for name, d := range map[string]*specv1.DataSource{
		"text": text(digits), "line": text(" " + strings.ToUpper(digits) + "\r\n"), "env": env("SPEC_TEST_KEY"),
		"file": file(t, digits+"\n"), "raw file": file(t, raw),
	} {
		key, err := read(d)
		require.NoError(t, err, name)
		assert.Equal(t, raw, string(key), name)
	}
	key, err := read(nil)
	require.NoError(t, err)
	assert.Nil(t, key)
}

// Lengths are exact, and no error shows a part of the key.
func TestKeyRefused(t *testing.T) {
	t.Setenv("SPEC_TEST_KEY", raw)
	large := file(t, strings.Repeat(" ", 5000)+digits)
	for _, tt := range []struct {
		d    *specv1.DataSource
		want string
	}{
		{&specv1.DataSource{}, "key: names nothing: want file, env or text"},
		{text(""), "key: has 0 bytes, not 32"},
		{text(digits[2:]), "key: has 31 bytes, not 32"},
		{text(digits + "5a"), "key: has 33 bytes, not 32"},
		{text(digits[1:]), "key: is not of hex digits: want 64 of them, 32 bytes"},
		{text(raw), "key: is not of hex digits: want 64 of them, 32 bytes"},
		{text(strings.Repeat("0", 64)), "key: is a key of zeros"},
		{env("SPEC_TEST_KEY"), `key: "$SPEC_TEST_KEY": is not of hex digits: want 64 of them, 32 bytes`},
		{env("SPEC_TEST_NONE"), `key: "$SPEC_TEST_NONE": environment variable is not set, or empty`},
		{large, "key: " + strconv.Quote(large.GetFile()) + `: is larger than 4096 bytes`},
	} {
		key, err := read(tt.d)
		assert.Nil(t, key)
		assert.EqualError(t, err, tt.want)
	}
	_, err := read(&specv1.DataSource{Source: &specv1.DataSource_File{File: t.TempDir() + "/none"}})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = read(&specv1.DataSource{Source: &specv1.DataSource_File{File: t.TempDir()}})
	if runtime.GOOS != "windows" {
		require.ErrorContains(t, err, "is not a regular file")
	}
	require.Error(t, err)
}

// A file that anybody can read is no secret.
func TestKeyMode(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("permissions are not in the mode")
	}
	d := file(t, digits)
	require.NoError(t, os.Chmod(d.GetFile(), 0o644))
	_, err := read(d)
	require.ErrorContains(t, err, "can be read by others")
	require.NoError(t, os.Chmod(d.GetFile(), 0o640))
	_, err = read(d)
	require.NoError(t, err)
}

func FuzzKey(f *testing.F) {
	f.Add(digits)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, s string) {
		key, err := read(text(s))
		if err != nil {
			assert.Regexp(t, `^key: (has \d+ bytes, not 32|is not of hex digits: want 64 of them, 32 bytes|is a key of zeros)$`, err.Error())
			return
		}
		if len(key) != quicbuild.KeyLength || !strings.EqualFold(strings.TrimSpace(s), hex.EncodeToString(key)) {
			t.Fatalf("%x is not %q", key, s)
		}
	})
}
