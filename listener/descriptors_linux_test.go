package listener_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
)

// withOneDescriptor calls f while this process can open one descriptor, and
// returns how it failed. What earlier tests have left to the garbage collector
// can be closed at any moment, so that there are more: then f is called again.
func withOneDescriptor(t *testing.T, f func() error) (err error) {
	t.Helper()
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	for range 20 {
		few := unix.Rlimit{Cur: uint64(lowestFree(t)) + 1, Max: limit.Max}
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &few))
		err = f()
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
		if err != nil {
			break
		}
	}
	require.ErrorIs(t, err, syscall.EMFILE)
	return err
}

func TestFilesWithoutDescriptors(t *testing.T) {
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Addresses: []string{"127.0.0.1:0"}})
	noLeak(t)
	err := withOneDescriptor(t, func() error {
		files, err := l.(listener.Listener).Files()
		assert.True(t, err == nil || files == nil)
		for _, f := range files {
			f.Close()
		}
		return err
	})
	assert.ErrorContains(t, err, "fcntl F_DUPFD_CLOEXEC")
}

// Who got no Files has nothing to take over: Close removes the file.
func TestTheFileStaysOursWithoutDescriptors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	config := listener.Config{Address: "unix://" + path, Addresses: []string{"127.0.0.1:0"}}
	l := open(t, &config)
	withOneDescriptor(t, func() error {
		files, err := l.(listener.Listener).Files()
		for _, f := range files {
			f.Close()
		}
		if err == nil { // the file is somebody else's
			l.Close()
			os.Remove(path)
			l = open(t, &config)
		}
		return err
	})
	require.NoError(t, l.Close())
	assert.NoFileExists(t, path)
}

func TestUnixFilesWithoutDescriptors(t *testing.T) {
	open(t, &listener.Config{Address: "127.0.0.1:0"}) // the runtime needs some for the first socket
	noLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	stale(t, path)
	for name, config := range map[string]listener.Config{
		"socket: too many open files":             {Address: "unix://" + path}, // to ask whether it is stale
		"open " + path + "2: too many open files": {Address: "unix://" + path + "2", UnixMode: 0o600},
	} {
		err := withOneDescriptor(t, func() error {
			l, err := listener.New(t.Context(), &config)
			if err == nil {
				l.Close()
				if _, gone := os.Lstat(path); gone != nil {
					stale(t, path)
				}
			}
			return err
		})
		require.ErrorContains(t, err, name)
		require.NoError(t, open(t, &config).Close(), "it is as good as before")
	}
}

// deceiver says that it is a unix conn, and has the descriptor of a file.
type deceiver struct {
	net.Conn

	file *os.File
}

func (d deceiver) SyscallConn() (syscall.RawConn, error) { return d.file.SyscallConn() }

func TestCredentialsOfNoSocket(t *testing.T) {
	u := open(t, &listener.Config{Address: "unix://" + filepath.Join(t.TempDir(), "s")})
	dial(t, u)
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	_, err = listener.Credentials(deceiver{accept(t, u), file})
	require.ErrorIs(t, err, syscall.ENOTSOCK)
	assert.ErrorContains(t, err, "read credentials unix: getsockopt SO_PEERCRED")
}

// The kernel takes no more than 32767 s, and package net would not tell.
func TestKeepAliveThatAnInheritedSocketRefuses(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{
		Address:   fmt.Sprintf("fd://%d", descriptor(t, made(t, false))),
		KeepAlive: net.KeepAliveConfig{Enable: true, Idle: 40_000 * time.Second},
	})
	dial(t, l)
	_, err := l.Accept()
	require.ErrorIs(t, err, syscall.EINVAL)
	e := failure(t, err)
	assert.Equal(t, "set option", e.Op)
	assert.True(t, e.Temporary(), "others may be accepted")
}
