package pki_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	ca := intermediate(t, newCA(t))
	for range 2 { // the second replaces the first
		c := issue(t, ca, &pki.Leaf{Names: []string{"a.test"}})
		certFile, keyFile, err := c.Write(dir, "server")
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "server.pem"), certFile)
		assert.Equal(t, filepath.Join(dir, "server.key"), keyFile)
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		require.NoError(t, err)
		assert.Equal(t, c.TLS().Certificate, pair.Certificate)
		assertMode(t, certFile, 0o644)
		assertMode(t, keyFile, 0o600)
		require.NoError(t, os.Chmod(keyFile, 0o644)) // #nosec G302 -- the next one must not keep it
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "nothing else stays")
}

func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	c := issue(t, newCA(t), &pki.Leaf{Names: []string{"a.test"}})
	for _, name := range []string{"", "../x", "a/b", `a\b`, "c:x", "a\x00"} {
		_, _, err := c.Write(dir, name)
		assert.ErrorContains(t, err, "is not the name of a file in a folder", "%q", name)
	}
	_, _, err := c.Write(filepath.Join(dir, "none"), "x")
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.Mkdir(filepath.Join(dir, "x.pem"), 0o755))
	_, _, err = c.Write(dir, "x")
	require.Error(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "the folder in the way and the key; no rest of the failed one: %v", entries)
}

func assertMode(t *testing.T, name string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(name)
	require.NoError(t, err)
	if runtime.GOOS != "windows" { // which has no such modes
		assert.Equal(t, want, info.Mode().Perm(), name)
	}
}
