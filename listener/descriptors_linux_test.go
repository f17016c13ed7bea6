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

// withOneDescriptor calls f while this process can open one descriptor.
func withOneDescriptor(t *testing.T, f func()) {
	t.Helper()
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowestFree(t)) + 1, Max: limit.Max}))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)) }()
	f()
}

func TestFilesWithoutDescriptors(t *testing.T) {
	l := open(t, &listener.Config{Address: "127.0.0.1:0", Addresses: []string{"127.0.0.1:0"}})
	noLeak(t)
	var files []*os.File
	var err error
	withOneDescriptor(t, func() { files, err = l.(listener.Listener).Files() })
	require.ErrorIs(t, err, syscall.EMFILE)
	assert.ErrorContains(t, err, "fcntl F_DUPFD_CLOEXEC")
	assert.Empty(t, files)
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
		var err error
		withOneDescriptor(t, func() { _, err = listener.New(t.Context(), &config) })
		require.ErrorIs(t, err, syscall.EMFILE)
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
