package listener_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
)

func TestUnixMode(t *testing.T) {
	old := unix.Umask(0o027)
	defer unix.Umask(old)
	for _, mode := range []fs.FileMode{0, 0o600, 0o660, 0o777, 0o200} {
		path := filepath.Join(t.TempDir(), "s")
		config := &listener.Config{Address: "unix://" + path, UnixMode: mode}
		open(t, config)
		info, err := os.Lstat(path)
		require.NoError(t, err)
		if mode == 0 {
			mode = 0o750
		}
		assert.Equal(t, fs.ModeSocket|mode, info.Mode())
	}
}

// The mode must hold from bind on, which a chmod afterwards could not do: seen
// where the umask would allow all.
func TestUnixModeIsThatOfTheSocket(t *testing.T) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	path := filepath.Join(t.TempDir(), "s")
	l := open(t, &listener.Config{Address: "unix://" + path, UnixMode: 0o600})
	raw, err := l.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	var stat unix.Stat_t
	require.NoError(t, raw.Control(func(fd uintptr) { err = unix.Fstat(int(fd), &stat) }))
	require.NoError(t, err)
	assert.Equal(t, uint32(0o600), stat.Mode&0o777)
}

func TestUnixOwner(t *testing.T) {
	if os.Getuid() != 0 {
		skipUnlessCI(t, "giving a file away needs root")
	}
	path := filepath.Join(t.TempDir(), "s")
	open(t, &listener.Config{
		Address: "unix://" + path, UnixMode: 0o660, UnixOwner: &listener.UnixOwner{UID: 65534, GID: -1},
	})
	info, err := os.Lstat(path)
	require.NoError(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	assert.Equal(t, uint32(65534), stat.Uid)
	assert.Equal(t, uint32(os.Getgid()), stat.Gid)
	assert.Equal(t, fs.ModeSocket|0o660, info.Mode())
}

func TestUnixOwnerThatIsNotAllowed(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	err := withoutCapabilities(t, func() error {
		_, err := listener.New(t.Context(), &listener.Config{
			Address: "unix://" + path, UnixOwner: &listener.UnixOwner{UID: 1, GID: -1},
		})
		return err
	})
	require.ErrorIs(t, err, syscall.EPERM)
	assert.NoFileExists(t, path)
}

// withoutCapabilities calls f on a thread that root's rights were taken from.
func withoutCapabilities(t *testing.T, f func() error) error {
	t.Helper()
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock it: the thread ends with the goroutine
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			result <- errors.Join(errors.New("capset"), err)
			return
		}
		result <- f()
	}()
	return <-result
}

func TestAbstractName(t *testing.T) {
	noLeak(t)
	address := "unix://@strata " + filepath.Base(t.TempDir()) + t.Name()
	l := open(t, &listener.Config{Address: address})
	roundTripOnce(t, l)
	_, err := listener.New(t.Context(), &listener.Config{Address: address})
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.NoError(t, l.Close())
	require.NoError(t, open(t, &listener.Config{Address: address}).Close())

	_, err = listener.New(t.Context(), &listener.Config{Address: address, UnixMode: 0o600})
	assert.ErrorContains(t, err, "UnixMode=-rw-------: no address is a path at which a file is made")
}

// Who may not write to a socket cannot find out whether it is stale.
func TestStaleFileOfAnotherUser(t *testing.T) {
	noLeak(t)
	folder := t.TempDir()
	t.Cleanup(func() { assert.NoError(t, os.Chmod(folder, 0o700)) })
	path := filepath.Join(folder, "s")
	stale(t, path)
	for mode, want := range map[fs.FileMode]string{0o500: "connect " + path + ": permission denied", 0o300: "open " + folder + ": permission denied"} {
		require.NoError(t, os.Chmod(path, 0o400))
		require.NoError(t, os.Chmod(folder, mode))
		err := withoutCapabilities(t, func() error {
			_, err := listener.New(t.Context(), &listener.Config{Address: "unix://" + path})
			return err
		})
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		require.ErrorIs(t, err, fs.ErrPermission)
		assert.ErrorContains(t, err, want)
		assert.FileExists(t, path)
	}
}

// Without the lock nothing is removed.
func TestCloseInAFolderThatCannotBeRead(t *testing.T) {
	noLeak(t)
	folder := t.TempDir()
	t.Cleanup(func() { assert.NoError(t, os.Chmod(folder, 0o700)) })
	path := filepath.Join(folder, "s")
	l := open(t, &listener.Config{Address: "unix://" + path})
	require.NoError(t, os.Chmod(folder, 0o300))
	err := withoutCapabilities(t, l.Close)
	require.ErrorIs(t, err, fs.ErrPermission)
	assert.Equal(t, "close", failure(t, err).Op)
	assert.FileExists(t, path)
	_, err = l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
}
