package netstack_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/netstack"
)

// socketPair returns two sockets that are connected; the test closes them at its end.
func socketPair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
	})
	return fds[0], fds[1]
}

// TestSocketReader has a socket that gives less than it said: the engine may not wait for
// the rest.
func TestSocketReader(t *testing.T) {
	a, b := socketPair(t)
	_, err := netstack.SocketLook(a)
	require.ErrorIs(t, err, unix.EAGAIN)
	_, err = unix.Write(b, []byte("hello"))
	require.NoError(t, err)
	n, err := netstack.SocketLook(a)
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	p := make([]byte, 9)
	n, err = netstack.SocketRead(a, p)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(p[:n]))
	n, err = netstack.SocketRead(a, nil)
	require.NoError(t, err)
	assert.Zero(t, n)
	_, err = netstack.SocketRead(a, p)
	require.ErrorIs(t, err, unix.EAGAIN)
	require.NoError(t, unix.Shutdown(b, unix.SHUT_WR))
	_, err = netstack.SocketRead(a, p)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = netstack.SocketLook(a)
	require.ErrorIs(t, err, io.EOF)
	_, err = netstack.SocketLook(-1)
	require.ErrorIs(t, err, unix.EBADF)
}

// TestGather has segments of all sizes, more than the buffer that gathers small ones holds:
// they arrive in order, and the socket's errors come through.
func TestGather(t *testing.T) {
	a, b := socketPair(t)
	require.NoError(t, unix.SetsockoptInt(a, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20))
	var sizes []int
	for range 5 {
		sizes = append(sizes, 15<<10)
	}
	sizes = append(sizes, 20<<10, 1)
	next := byte(0)
	var want []byte
	var segments [][]byte
	for _, n := range sizes {
		p := make([]byte, n)
		for i := range p {
			next += 7
			p[i] = next
		}
		want = append(want, p...)
		segments = append(segments, p)
	}
	require.NoError(t, netstack.Gather(a, segments...))
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := unix.Read(b, got[n:])
		require.NoError(t, err)
		n += m
	}
	assert.True(t, string(want) == string(got), "in order")

	require.NoError(t, unix.Shutdown(b, unix.SHUT_RD))
	require.ErrorIs(t, netstack.Gather(a, segments...), unix.EPIPE)
	require.ErrorIs(t, netstack.Gather(a, make([]byte, 20<<10)), unix.EPIPE)
	many := make([][]byte, 20)
	for i := range many {
		many[i] = make([]byte, 15<<10)
	}
	err := netstack.Gather(-1, many...)
	require.ErrorIs(t, err, unix.EBADF)
}

// A conn that has no socket is copied through a buffer.
func TestNoRawPeer(t *testing.T) {
	assert.False(t, netstack.HasRawPeer(&net.TCPConn{}), "no socket")
	assert.False(t, netstack.HasRawPeer(errors.New("no conn")))
}
