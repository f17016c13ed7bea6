//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
)

// activate makes this process one that was started with the sockets, by
// descriptors that no other test has.
func activate(t *testing.T, names string, sockets ...net.Listener) (first int) {
	t.Helper()
	nextFD += 100
	first = nextFD
	t.Cleanup(listener.SetFirstFD(first))
	for i, socket := range sockets {
		require.NoError(t, control(socket, func(fd uintptr) { require.NoError(t, dupTo(int(fd), first+i)) }))
		t.Cleanup(func() { unix.Close(first + i) }) // if no listener has done so
	}
	t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	t.Setenv("LISTEN_FDS", strconv.Itoa(len(sockets)))
	t.Setenv("LISTEN_FDNAMES", names)
	return first
}

var nextFD = 200

// sockets returns n listeners of package net.
func sockets(t *testing.T, n int) []net.Listener {
	t.Helper()
	var list []net.Listener
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		list = append(list, l)
	}
	return list
}

func TestActivatedSockets(t *testing.T) {
	noLeak(t)
	given := sockets(t, 3)
	activate(t, "web:admin:web", given...)
	for address, want := range map[string][]int{
		"systemd://web": {0, 2}, "systemd://admin": {1}, "systemd://": {0, 1, 2},
	} {
		all, err := listener.OpenAll(t.Context(), &listener.Config{Address: address})
		require.NoError(t, err)
		// A failure leaves them open.
		_, err = listener.OpenAll(t.Context(), &listener.Config{Addresses: []string{address, given[0].Addr().String()}})
		require.Error(t, err)
		for i, l := range all {
			assert.Equal(t, given[want[i]].Addr(), l.Addr())
			roundTripOnce(t, l)
		}
		require.Len(t, all, len(want))
		t.Cleanup(func() { // only now: the last Close closes the descriptor
			for _, l := range all {
				assert.NoError(t, l.Close())
			}
		})
	}
}

func TestLastCloseClosesTheActivatedSocket(t *testing.T) {
	noLeak(t)
	given := sockets(t, 1)
	first := activate(t, "web", given...)
	config := &listener.Config{Address: "systemd://web"}
	one, other := open(t, config), open(t, config)
	require.NoError(t, given[0].Close())
	require.NoError(t, one.Close())
	require.Error(t, one.Close())
	roundTripOnce(t, other)
	require.NoError(t, open(t, config).Close(), "while another has it")
	require.NoError(t, other.Close())
	_, err := net.Dial("tcp", other.Addr().String())
	require.Error(t, err, "nobody listens any more")
	_, err = listener.New(t.Context(), config)
	require.ErrorIs(t, err, net.ErrClosed)
	assert.ErrorContains(t, err, fmt.Sprintf("listen systemd web: descriptor %d was closed together with the listener that used it", first))
}

func TestActivatedSocketWithoutNames(t *testing.T) {
	activate(t, "", sockets(t, 2)...)
	os.Unsetenv("LISTEN_FDNAMES") // t.Setenv puts it back
	all, err := listener.OpenAll(t.Context(), &listener.Config{Address: "systemd://unknown"})
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, l := range all {
		require.NoError(t, l.Close())
	}
}

func TestActivatedTwice(t *testing.T) {
	first := activate(t, "a:b", sockets(t, 2)...)
	for _, second := range []string{"systemd://b", fmt.Sprintf("fd://%d", first+1)} {
		_, err := listener.OpenAll(t.Context(), &listener.Config{Addresses: []string{"systemd://", second}})
		assert.ErrorContains(t, err, "listener: config: Addresses[1]="+second+": ")
		assert.ErrorContains(t, err, "is in Addresses[0] already")
	}
}

func TestActivatedDescriptorThatIsNoSocket(t *testing.T) {
	first := activate(t, "web", sockets(t, 1)...)
	require.NoError(t, unix.Close(first))
	_, err := listener.New(t.Context(), &listener.Config{Address: "systemd://web"})
	require.ErrorIs(t, err, unix.EBADF)
	assert.ErrorContains(t, err, "listen systemd web: ")
}

func TestBadActivation(t *testing.T) {
	pid := strconv.Itoa(os.Getpid())
	for _, test := range []struct{ pid, fds, names, inodes, want string }{
		{pid, "", "web", "", "the process inherited no descriptors: LISTEN_FDS is not set"},
		{pid, "x", "web", "", "LISTEN_FDS=x is not a number from 1 to 1024"},
		{pid, "0", "web", "", "LISTEN_FDS=0 is not a number from 1 to 1024"},
		{pid, "-1", "web", "", "LISTEN_FDS=-1 is not a number from 1 to 1024"},
		{pid, "1025", "web", "", "LISTEN_FDS=1025 is not a number from 1 to 1024"},
		{"", "1", "web", "", "LISTEN_PID is not set"},
		{"x", "1", "web", "", "LISTEN_PID=x is not the number of a process"},
		{"0", "1", "web", "", "LISTEN_PID=0 is not the number of a process"},
		{"1", "1", "web", "5", "the descriptors are for another process: LISTEN_PID=1, and this is " + pid},
		{pid, "2", "web", "", "LISTEN_FDNAMES=web has 1 entries for 2 descriptors"},
		{pid, "2", "a:b", "", "no inherited descriptor has this name: LISTEN_FDNAMES=a:b"},
		{"", "1", "web", "5:6", "STRATA_LISTEN_INODES=5:6 has 2 entries for 1 descriptors"},
	} {
		for name, value := range map[string]string{
			"LISTEN_PID": test.pid, "LISTEN_FDS": test.fds, "LISTEN_FDNAMES": test.names, "STRATA_LISTEN_INODES": test.inodes,
		} {
			t.Setenv(name, value)
			if value == "" {
				os.Unsetenv(name)
			}
		}
		_, err := listener.New(t.Context(), &listener.Config{Addresses: []string{"127.0.0.1:0", "systemd://web"}})
		assert.EqualError(t, err, "listener: config: Addresses[1]=systemd://web: "+test.want)
	}
}

func TestActivatedUnixFileStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	socket, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer socket.Close()
	activate(t, strings.Repeat("n", 255), socket)
	l := open(t, &listener.Config{Address: "systemd://"})
	roundTripOnce(t, l)
	require.NoError(t, l.Close())
	assert.FileExists(t, path)
}

func TestActivatedByPass(t *testing.T) {
	given := sockets(t, 2)
	activate(t, "web:other", given...)
	os.Unsetenv("LISTEN_PID") // t.Setenv puts it back
	inodes := make([]string, len(given))
	for i, socket := range given {
		require.NoError(t, control(socket, func(fd uintptr) {
			var stat unix.Stat_t
			require.NoError(t, unix.Fstat(int(fd), &stat))
			inodes[i] = strconv.FormatUint(uint64(stat.Ino), 10) //nolint:unconvert // as in the code
		}))
	}
	t.Setenv("STRATA_LISTEN_INODES", inodes[0]+":1")
	roundTripOnce(t, open(t, &listener.Config{Address: "systemd://web"}))
	_, err := listener.New(t.Context(), &listener.Config{Address: "systemd://other"})
	assert.EqualError(t, err, "listener: listen systemd other: the descriptor is another process's: it has inode "+
		inodes[1]+", and STRATA_LISTEN_INODES says 1")
	t.Setenv("STRATA_LISTEN_INODES", inodes[0])
	_, err = listener.New(t.Context(), &listener.Config{Address: "systemd://other"})
	assert.ErrorContains(t, err, "has 1 entries for 2 descriptors")
}
