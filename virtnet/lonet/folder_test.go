package lonet_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

// refusesFolder checks that nothing works, and that the error says why.
func refusesFolder(t *testing.T, base, why string) {
	t.Helper()
	want := fmt.Sprintf(`lonet: join "x": open %s: %s`, base, why)
	_, err := lonet.Join(t.Context(), "x")
	assert.EqualError(t, err, want)
}

func TestFolderIsLink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a privilege to make symbolic links")
	}
	base := tempDir(t)
	noLeak(t)
	elsewhere := t.TempDir()
	require.NoError(t, os.Chmod(elsewhere, 0o700))
	for _, target := range []string{elsewhere, filepath.Join(elsewhere, "nothing")} {
		require.NoError(t, os.Symlink(target, base))
		refusesFolder(t, base, "not a folder, but a symbolic link")
		assert.Empty(t, files(t, elsewhere))
		require.NoError(t, os.Remove(base))
	}
}

func TestFolderIsFile(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	require.NoError(t, os.WriteFile(base, []byte("x"), 0o600))
	refusesFolder(t, base, "not a folder, but a file")
	require.NoError(t, os.Remove(base))
}

// TestFolderTurnsBad: what was right at Join can be another's at NewHost.
func TestFolderTurnsBad(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "x")
	require.NoError(t, os.WriteFile(base, []byte("x"), 0o600))
	_, err := n.NewHost(t.Context(), "a")
	assert.ErrorContains(t, err, "not a folder, but a file")
	require.NoError(t, os.Remove(base))
	alpha := host(t, n, "α")
	require.NoError(t, os.Rename(base, base+".old"))
	require.NoError(t, os.WriteFile(base, []byte("x"), 0o600))
	_, err = alpha.Dial(t.Context(), "β:1")
	assert.ErrorContains(t, err, "not a folder, but a file")
	require.NoError(t, os.Remove(base))
	require.NoError(t, os.Rename(base+".old", base))
}

// TestNoTempDir: the error says which folder is missing.
func TestNoTempDir(t *testing.T) {
	tempDir(t)
	noLeak(t)
	gone := filepath.Join(os.TempDir(), "gone")
	t.Setenv("TMPDIR", gone)
	t.Setenv("TMP", gone)
	_, err := join(t, "x").NewHost(t.Context(), "a")
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, gone)
}

// TestTempDirCleaned: somebody removes everything; nobody fails for that, and the
// hosts are new.
func TestTempDirCleaned(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("open files cannot be removed everywhere here")
	}
	base := tempDir(t)
	noLeak(t)
	n := join(t, "x")
	alpha := host(t, n, "α")
	require.NoError(t, os.RemoveAll(base))
	other := join(t, "x")
	_, err := host(t, other, "β").Dial(t.Context(), "α:1")
	require.ErrorIs(t, err, virtnet.ErrNoHost)
	again := host(t, other, "α")
	require.NoError(t, alpha.Close(), "the name is another's now, and stays so")
	_, err = n.NewHost(t.Context(), "α")
	require.ErrorIs(t, err, virtnet.ErrHostDup)
	require.NoError(t, again.Close())
	host(t, n, "α")
}

// TestEmptyFolder: a process that was killed in the wrong moment leaves a folder
// in which nothing is.
func TestEmptyFolder(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	require.NoError(t, os.Mkdir(base, 0o700))
	n := join(t, "x")
	assert.NoDirExists(t, base)
	require.NoError(t, os.MkdirAll(filepath.Join(base, lonet.FileName(lonet.NetPrefix, "x")), 0o700))
	require.NoError(t, host(t, n, "a").Close())
}

// TestFolderReplaced: what was opened must be what was looked at.
func TestFolderReplaced(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o700))
	seen, err := os.Lstat(dir)
	require.NoError(t, err)
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	require.NoError(t, lonet.CheckBase(root, seen))
	elsewhere, err := os.Lstat(t.TempDir())
	require.NoError(t, err)
	err = lonet.CheckBase(root, elsewhere)
	require.EqualError(t, err, "file does not exist: replaced meanwhile")
	require.ErrorIs(t, err, os.ErrNotExist, "so that it is looked at once more")
	require.NoError(t, root.Close())
	assert.ErrorIs(t, lonet.CheckBase(root, seen), os.ErrClosed)
}

// lockedMutex holds the lock of a network's folder until the test ends.
func lockedMutex(t *testing.T, base, network string) (unlock func()) {
	t.Helper()
	dir := filepath.Join(base, lonet.FileName(lonet.NetPrefix, network))
	require.NoError(t, os.MkdirAll(dir, 0o700))
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	require.NoError(t, lonet.LockFile(f, true))
	return sync.OnceFunc(func() {
		assert.NoError(t, lonet.UnlockFile(f))
		assert.NoError(t, f.Close())
	})
}

// TestStopped: a process that stops while it has the folder keeps others waiting
// no longer than they want.
func TestStopped(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "x")
	unlock := lockedMutex(t, base, "x")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := n.NewHost(ctx, "a")
	require.ErrorIs(t, err, context.DeadlineExceeded)

	join(t, "x") // says nothing about what it could not clean up

	made := make(chan error, 1)
	go func() {
		_, err := n.NewHost(t.Context(), "a")
		made <- err
	}()
	time.Sleep(10 * time.Millisecond)
	unlock()
	require.NoError(t, <-made)
}

// TestStoppedAtClose: Close gives the names back all the same, and says what it
// could not remove; the next Join does.
func TestStoppedAtClose(t *testing.T) {
	t.Cleanup(lonet.SetLockTimeout(50 * time.Millisecond))
	base := tempDir(t)
	noLeak(t)
	n, err := lonet.Join(t.Context(), "x")
	require.NoError(t, err)
	alpha := host(t, n, "α")
	host(t, n, "β")
	unlock := lockedMutex(t, base, "x")
	err = alpha.Close()
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, `lonet(lonetx): withdraw "α": lock `)
	require.ErrorIs(t, n.Close(), context.DeadlineExceeded)
	assert.Len(t, files(t, base), 4)
	unlock()
	join(t, "y")
	assert.Empty(t, files(t, filepath.Dir(base)))
}

// TestSweep: Join removes what the dead left behind, but only so much at once.
func TestSweep(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	const dead = 100
	for i := range dead {
		dir := filepath.Join(base, lonet.FileName(lonet.NetPrefix, fmt.Sprint(i)))
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, lonet.FileName(lonet.HostPrefix, "h")), []byte("x"), 0o600))
	}
	n := join(t, "live")
	host(t, n, "a")
	left := len(files(t, base))
	assert.Positive(t, left)
	assert.Less(t, left, 2*dead)
	eventually(t, "all the dead are gone", func() bool { // a slow machine gets less far in a Join's time
		require.NoError(t, join(t, "live").Close())
		return len(files(t, base)) <= 3
	})
	assert.Len(t, files(t, base), 3, "the living stay")
	_, err := join(t, "live").NewHost(t.Context(), "a")
	assert.ErrorIs(t, err, virtnet.ErrHostDup)
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, []byte("text"), 0o600))
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	one, two := open(), open()
	require.NoError(t, lonet.LockFile(one, true))
	assert.ErrorContains(t, lonet.LockFile(two, true), "locked by another")
	alive, err := lonet.Held(two)
	require.NoError(t, err)
	assert.True(t, alive)
	text, err := os.ReadFile(path)
	require.NoError(t, err, "what is locked can be read")
	assert.Equal(t, "text", string(text))
	require.NoError(t, lonet.UnlockFile(one))
	alive, err = lonet.Held(two)
	require.NoError(t, err)
	assert.False(t, alive)
	require.NoError(t, lonet.LockFile(two, true))
	require.NoError(t, two.Close())
	require.NoError(t, lonet.LockFile(one, true), "Close gives it back")

	require.NoError(t, one.Close())
	assert.ErrorContains(t, lonet.LockFile(one, true), "use of closed file")
	_, err = lonet.Held(one)
	assert.ErrorContains(t, err, "use of closed file")
}
