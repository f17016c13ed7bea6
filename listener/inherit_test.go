//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// descriptor returns the number of a duplicate of a socket, which is closed with
// the test.
func descriptor(t *testing.T, socket any) int {
	t.Helper()
	raw, err := socket.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	fd := -1
	require.NoError(t, raw.Control(func(n uintptr) { fd, err = unix.Dup(int(n)) }))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, unix.Close(fd)) })
	return fd
}

func TestInheritedSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for network, address := range map[string]string{
		"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": path, "unixpacket": path + "packet",
	} {
		t.Run(network, func(t *testing.T) {
			noLeak(t)
			made, err := net.Listen(network, address)
			require.NoError(t, err)
			defer made.Close()
			fd := descriptor(t, made)
			for range 2 { // the descriptor stays the caller's
				l := open(t, &listener.Config{Address: fmt.Sprintf("fd://%d", fd)})
				assert.Equal(t, made.Addr(), l.Addr())
				roundTripOnce(t, l)
				flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
				require.NoError(t, err)
				assert.Equal(t, unix.FD_CLOEXEC, flags)
				require.NoError(t, control(l, func(fd uintptr) { flags, err = unix.FcntlInt(fd, unix.F_GETFD, 0) }))
				require.NoError(t, err)
				assert.Equal(t, unix.FD_CLOEXEC, flags)
				require.NoError(t, l.Close())
			}
			roundTripOnce(t, made)
		})
	}
}

// control calls f with the descriptor of a listener.
func control(l net.Listener, f func(fd uintptr)) error {
	raw, err := l.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(f)
}

func TestFileOfAnInheritedSocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	made, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer made.Close()
	l := open(t, &listener.Config{Address: fmt.Sprintf("fd://%d", descriptor(t, made))})
	require.NoError(t, l.Close())
	assert.FileExists(t, path)
}

func TestDescriptorThatCannotBeListenedOn(t *testing.T) {
	noLeak(t)
	file, err := os.Create(filepath.Join(t.TempDir(), "f"))
	require.NoError(t, err)
	defer file.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer udp.Close()
	l := open(t, &listener.Config{Address: "127.0.0.1:0"})
	client := dial(t, l)
	for _, test := range []struct {
		fd   int
		want string
		err  error
	}{
		{987654321, "fcntl F_DUPFD_CLOEXEC: bad file descriptor", syscall.EBADF},
		{descriptor(t, file), "getsockopt SO_TYPE: socket operation on non-socket", syscall.ENOTSOCK},
		{descriptor(t, udp), "the socket is of type 2, which is neither SOCK_STREAM nor SOCK_SEQPACKET: socket type not supported", syscall.ESOCKTNOSUPPORT},
		{descriptor(t, client), "the socket does not listen: invalid argument", syscall.EINVAL},
	} {
		_, err := listener.New(t.Context(), &listener.Config{Address: fmt.Sprintf("fd://%d", test.fd)})
		require.ErrorIs(t, err, test.err)
		assert.EqualError(t, err, fmt.Sprintf("listener: listen fd %d: %s", test.fd, test.want))
	}
}

func TestOptionsOfAnInheritedSocket(t *testing.T) {
	noLeak(t)
	made, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer made.Close()
	address := fmt.Sprintf("fd://%d", descriptor(t, made))
	l := open(t, &listener.Config{Address: address, Options: sockopt.Options{
		sockopt.ReuseAddr.Value(true), // package net has set it
		sockopt.RcvBuf.Value(65536), sockopt.TCPNoDelay.Value(false),
	}})
	size, err := sockopt.RcvBuf.Get(l.(syscall.Conn))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, size, 65536)
	dial(t, l)
	noDelay, err := sockopt.TCPNoDelay.Get(accept(t, l).(*net.TCPConn))
	require.NoError(t, err)
	assert.False(t, noDelay)

	_, err = listener.New(t.Context(), &listener.Config{Address: address, Options: sockopt.Options{sockopt.ReusePort.Value(true)}})
	assert.Equal(t, "set option", failure(t, err).Op)
	assert.ErrorContains(t, err, "SO_REUSEPORT=true")
	assert.ErrorContains(t, err, "too late")
}

func TestInheritedPacketsAreNoStreamForTLS(t *testing.T) {
	noLeak(t)
	made, err := net.Listen("unixpacket", filepath.Join(t.TempDir(), "s"))
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EPROTONOSUPPORT) {
		t.Skip("the system has no unixpacket")
	}
	require.NoError(t, err)
	defer made.Close()
	_, err = listener.New(t.Context(), &listener.Config{
		Address: fmt.Sprintf("fd://%d", descriptor(t, made)), TLS: newAuthority(t).server(t, "service.test"),
	})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "not a stream of bytes")
}
