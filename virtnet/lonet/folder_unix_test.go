//go:build unix

package lonet_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

func TestFolderOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		skipUnlessCI(t, "needs root to give a folder away")
	}
	base := tempDir(t)
	noLeak(t)
	require.NoError(t, os.Mkdir(base, 0o700))
	require.NoError(t, os.Chown(base, 12345, 12345))
	refusesFolder(t, base, "owned by user 12345, want 0")
	require.NoError(t, os.Remove(base))
}

func TestFolderMode(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	require.NoError(t, os.Mkdir(base, 0o700))
	for mode, why := range map[os.FileMode]string{
		0o755: "mode 0755, want 0700", 0o770: "mode 0770, want 0700", 0o1777: "mode 0777, want 0700", 0o500: "mode 0500, want 0700",
	} {
		require.NoError(t, os.Chmod(base, mode))
		refusesFolder(t, base, why)
	}
	require.NoError(t, os.Remove(base))
}

// TestFolderIsPipe: to open it would wait for ever.
func TestFolderIsPipe(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	require.NoError(t, unix.Mkfifo(base, 0o600))
	refusesFolder(t, base, "not a folder, but a special file")
	require.NoError(t, os.Remove(base))
}

// TestNowhere: without a working directory nobody knows what a relative path is.
func TestNowhere(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("TMPDIR", "here")
	noLeak(t)
	require.NoError(t, os.Mkdir("here", 0o700))
	n := join(t, "x")
	host(t, n, "a")
	assert.DirExists(t, filepath.Join(dir, "here", lonet.FolderName()))
	require.NoError(t, n.Close())
	require.NoError(t, os.RemoveAll(dir))
	_, err := lonet.Join(t.Context(), "x")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// TestTraps: what is no file or folder of ours, where one belongs, is an error, and
// not for ever tried again.
func TestTraps(t *testing.T) {
	network := lonet.FileName(lonet.NetPrefix, "x")
	lock, alpha := filepath.Join(network, "lock"), filepath.Join(network, lonet.FileName(lonet.HostPrefix, "α"))
	for _, tc := range []struct {
		name string
		trap func(base string) error
		err  string
	}{
		{"file for the network", func(base string) error { return os.WriteFile(filepath.Join(base, network), nil, 0o600) }, "not a directory"},
		{"link to nothing", func(base string) error { return os.Symlink("nothing", filepath.Join(base, network)) }, "no such file or directory"},
		{"folder for the lock", func(base string) error { return os.MkdirAll(filepath.Join(base, lock), 0o700) }, "is a directory"},
		{"link for the lock", func(base string) error {
			return errors.Join(os.Mkdir(filepath.Join(base, network), 0o700), os.Symlink("no/thing", filepath.Join(base, lock)))
		}, "no such file or directory"},
		{"links in a circle", func(base string) error {
			return errors.Join(os.Mkdir(filepath.Join(base, network), 0o700), os.Symlink(filepath.Base(alpha), filepath.Join(base, alpha)))
		}, "too many levels of symbolic links"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			base := tempDir(t)
			noLeak(t)
			require.NoError(t, os.Mkdir(base, 0o700))
			n := join(t, "x")
			require.NoError(t, os.MkdirAll(base, 0o700))
			require.NoError(t, tc.trap(base))
			_, err := n.NewHost(t.Context(), "α")
			var failed *virtnet.RegistryError
			require.ErrorAs(t, err, &failed)
			assert.ErrorContains(t, err, tc.err)
			join(t, "y")
			require.NoError(t, os.RemoveAll(base))
		})
	}
}

// TestRecordIsFolder: a folder can be locked, but says nothing.
func TestRecordIsFolder(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	path := filepath.Join(base, lonet.FileName(lonet.NetPrefix, "x"), lonet.FileName(lonet.HostPrefix, "β"))
	n := join(t, "x")
	alpha := host(t, n, "α")
	require.NoError(t, os.Mkdir(path, 0o700))
	f, err := os.Open(path)
	require.NoError(t, err)
	require.NoError(t, lonet.LockFile(f, true))
	_, err = alpha.Dial(t.Context(), "β:1")
	require.ErrorIs(t, err, unix.EISDIR)
	require.NoError(t, f.Close())
	_, err = alpha.Dial(t.Context(), "β:1")
	require.ErrorIs(t, err, virtnet.ErrNoHost)
	require.NoError(t, os.Remove(path))
}

// skipUnlessCI skips for the reason, but CI has to have everything.
func skipUnlessCI(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}
