package tlsx_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// Whoever replaces a file need not wait until it has been read.
func TestOpenShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pem")
	write(t, path, "old", 0o600)
	f, err := tlsx.Open(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, os.Rename(path, path+".old"))
	write(t, path, "new", 0o600)
	require.NoError(t, os.Remove(path+".old"))
	text, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, "old", string(text))

	// With os.Open it would be refused.
	held, err := os.Open(path)
	require.NoError(t, err)
	defer held.Close()
	require.Error(t, os.Rename(path, path+".old"))
}

func TestOpenErrors(t *testing.T) {
	for path, is := range map[string]error{
		filepath.Join(t.TempDir(), "none"): os.ErrNotExist,
		"a\x00b":                           syscall.EINVAL,
	} {
		_, err := tlsx.Open(path)
		var e *os.PathError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, path, e.Path)
		assert.ErrorIs(t, err, is)
	}
	_, err := tlsx.New(&tlsx.Config{Roots: tlsx.CAs{From: []tlsx.Data{tlsx.File(t.TempDir())}}})
	assert.Error(t, err, "a folder")
	long := filepath.Join(t.TempDir(), strings.Repeat("a", 200), strings.Repeat("b", 200))
	require.NoError(t, os.MkdirAll(long, 0o700))
	write(t, filepath.Join(long, "c"), "text", 0o600)
	f, err := tlsx.Open(filepath.Join(long, "c"))
	require.NoError(t, err)
	assert.NoError(t, f.Close())
}
