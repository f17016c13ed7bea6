//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
)

// stale leaves the file of a listener that is gone.
func stale(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
}

func TestStaleFileIsReplaced(t *testing.T) {
	noLeak(t)
	for _, network := range []string{"unix", "unixpacket"} {
		path := filepath.Join(t.TempDir(), "s")
		stale(t, path)
		l := open(t, &listener.Config{Address: network + "://" + path})
		roundTripOnce(t, l)
		require.NoError(t, l.Close())
		assert.NoFileExists(t, path)
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		assert.Empty(t, entries, "no lock file is left")
	}
}

func TestStaleFileWhoseConnsLiveOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	old, err := net.Listen("unix", path)
	require.NoError(t, err)
	old.(*net.UnixListener).SetUnlinkOnClose(false)
	client, server := dial(t, old), accept(t, old)
	require.NoError(t, old.Close())
	open(t, &listener.Config{Address: "unix://" + path})
	_, err = client.Write([]byte("x"))
	require.NoError(t, err)
	_, err = server.Read(make([]byte, 1))
	require.NoError(t, err)
}

func TestFileInUseIsLeft(t *testing.T) {
	bound := func(kind int) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			t.Helper()
			fd, err := unix.Socket(unix.AF_UNIX, kind, 0)
			require.NoError(t, err)
			t.Cleanup(func() { unix.Close(fd) })
			require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
		}
	}
	for name, test := range map[string]struct {
		make func(t *testing.T, path string)
		why  string
	}{
		"a listener": {func(t *testing.T, path string) {
			t.Helper()
			l := open(t, &listener.Config{Address: "unix://" + path})
			t.Cleanup(func() { roundTripOnce(t, l) }) // it has seen no conn of the probe
		}, "another socket is bound to it"},
		"a listener of packets":             {bound(unix.SOCK_SEQPACKET), "another socket is bound to it"},
		"a socket that does not listen yet": {bound(unix.SOCK_STREAM), "another socket is bound to it"},
		"a datagram socket":                 {bound(unix.SOCK_DGRAM), "another socket is bound to it"},
		"a regular file": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
		}, "the file is not a socket"},
		"a link to a stale socket": {func(t *testing.T, path string) {
			t.Helper()
			stale(t, path+".target")
			require.NoError(t, os.Symlink(path+".target", path))
		}, "the file is not a socket"},
		"a folder": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "the file is not a socket"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			test.make(t, path)
			before, err := os.Lstat(path)
			require.NoError(t, err)
			_, err = listener.New(t.Context(), &listener.Config{Address: "unix://" + path})
			require.ErrorIs(t, err, syscall.EADDRINUSE)
			assert.EqualError(t, err, "listener: listen unix "+path+": bind: address already in use: "+test.why)
			after, err := os.Lstat(path)
			require.NoError(t, err)
			assert.True(t, os.SameFile(before, after))
		})
	}
}

func TestFolderThatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "s")
	_, err := listener.New(t.Context(), &listener.Config{Address: "unix://" + path})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestLockedFolder(t *testing.T) {
	noLeak(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "s")
	stale(t, path)
	f, err := os.Open(folder)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err = listener.New(ctx, &listener.Config{Address: "unix://" + path})
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "flock "+folder)
	assert.FileExists(t, path)

	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		time.Sleep(20 * time.Millisecond)
		assert.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_UN))
	})
	open(t, &listener.Config{Address: "unix://" + path})
}

func TestCloseLeavesTheFileOfASuccessor(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	old := open(t, &listener.Config{Address: "unix://" + path})
	require.NoError(t, os.Remove(path))
	successor := open(t, &listener.Config{Address: "unix://" + path})
	require.NoError(t, old.Close())
	roundTripOnce(t, successor)
	require.ErrorIs(t, old.Close(), net.ErrClosed)
	roundTripOnce(t, successor)
	require.NoError(t, successor.Close())
	assert.NoFileExists(t, path)
}

func TestCloseWithoutFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "f")
	for _, remove := range []string{"f/s", "f"} {
		require.NoError(t, os.MkdirAll(folder, 0o700))
		l := open(t, &listener.Config{Address: "unix://" + filepath.Join(folder, "s")})
		require.NoError(t, os.RemoveAll(filepath.Join(filepath.Dir(folder), remove)))
		require.NoError(t, l.Close())
	}
}

func TestCloseInAnotherWorkingDirectory(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	stale(t, "s")
	l := open(t, &listener.Config{Address: "unix://s"})
	t.Chdir(t.TempDir())
	require.NoError(t, l.Close())
	assert.NoFileExists(t, filepath.Join(folder, "s"))
}

func TestFileOfASocketThatWasHandedOver(t *testing.T) {
	noLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	first := open(t, &listener.Config{Address: "unix://" + path})
	files, err := first.(listener.Listener).Files()
	require.NoError(t, err)
	require.NoError(t, first.Close())
	l, err := net.FileListener(files[0])
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, files[0].Close())
	roundTripOnce(t, l)
}

// Of two processes that find a stale file exactly one gets the path, always.
func TestRaceForAStaleFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var in [2]io.Writer
	var out [2]*bufio.Scanner
	for i := range in {
		cmd := child(t, "race")
		w, err := cmd.StdinPipe()
		require.NoError(t, err)
		r, err := cmd.StdoutPipe()
		require.NoError(t, err)
		in[i], out[i] = w, bufio.NewScanner(r)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() {
			w.Close()
			assert.NoError(t, cmd.Wait())
		})
	}
	say := func(s string) (answers string) {
		for _, w := range in {
			fmt.Fprintln(w, s)
		}
		for _, r := range out {
			require.True(t, r.Scan())
			answers += r.Text() + " "
		}
		return answers
	}
	for round := range 400 {
		stale(t, path)
		answers := say(path)
		require.Contains(t, []string{"won lost ", "lost won "}, answers, "round %d", round)
		c, err := net.Dial("unix", path)
		require.NoError(t, err)
		c.Close()
		require.Equal(t, strings.Repeat("done ", 2), say("close"))
		require.NoFileExists(t, path)
	}
}

// raceForStaleFiles does what the lines that it reads say.
func raceForStaleFiles(t *testing.T) {
	t.Helper()
	var l net.Listener
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if lines.Text() == "close" {
			if l != nil {
				require.NoError(t, l.Close())
				l = nil
			}
			fmt.Fprintln(os.Stdout, "done")
			continue
		}
		var err error
		l, err = listener.New(t.Context(), &listener.Config{Address: "unix://" + lines.Text()})
		switch {
		case err == nil:
			fmt.Fprintln(os.Stdout, "won")
		case errors.Is(err, syscall.EADDRINUSE):
			fmt.Fprintln(os.Stdout, "lost")
		default:
			fmt.Fprintln(os.Stdout, strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
}

func TestFileOfAClosedListener(t *testing.T) {
	all := opened(t, "unix://"+filepath.Join(t.TempDir(), "s"))
	require.NoError(t, all[0].Close())
	_, err := all[0].File()
	require.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, "duplicate", failure(t, err).Op)
}
