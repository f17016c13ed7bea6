//go:build unix && !solaris

package tlsx_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// What is no file is refused at once: nobody writes to the pipe, and a device
// has no end.
func TestDataNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	loop := filepath.Join(dir, "loop")
	require.NoError(t, syscall.Symlink(loop, loop))
	for path, want := range map[string]string{
		pipe: "not a regular file", dir: "not a regular file", "/dev/null": "not a regular file", loop: "symbolic links",
	} {
		d := tlsx.File(path)
		for field, cfg := range map[string]*tlsx.Config{
			"Certificates[0].Chain": one(tlsx.Certificate{Chain: d}),
			"Roots.From[0]":         {Roots: tlsx.CAs{From: []tlsx.Data{d}}},
			"Peer.CRLs[0]":          {Peer: tlsx.Peer{CRLs: []tlsx.Data{d}}},
			"ECH.Configs":           {ECH: tlsx.ECH{Configs: d}},
		} {
			refused(t, cfg, field+"="+path+": |"+want)
		}
	}
}

// A secret is read from where it is one.
func TestDataSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("0102"), 0o640))
	t.Setenv("STRATA_TEST_SECRET", "0304")
	for want, d := range map[string]tlsx.Data{
		"0102": tlsx.File(path), "0304": tlsx.Env("STRATA_TEST_SECRET"), "0506": tlsx.Text("0506"),
	} {
		got, err := d.Secret()
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	require.NoError(t, os.Chmod(path, 0o644))
	for want, d := range map[string]tlsx.Data{
		"can be read by others": tlsx.File(path), "no such file": tlsx.File(path + "x"), "is empty": {},
		"more than one":       {File: path, Text: "x"},
		"variable is not set": tlsx.Env("STRATA_TEST_NO_SECRET"),
	} {
		_, err := d.Secret()
		assert.ErrorContains(t, err, want)
	}
}
