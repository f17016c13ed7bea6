package lonet_test

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

// limit bounds what the whole process may use, until restore is called.
func limit(t *testing.T, resource int, most uint64) (restore func()) {
	t.Helper()
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(resource, &old))
	restore = func() { assert.NoError(t, unix.Setrlimit(resource, &old)) }
	t.Cleanup(restore)
	require.NoError(t, unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: old.Max}))
	return restore
}

// TestNoDescriptors: whichever file or socket cannot be opened, the error says
// so, nothing stays open, and it works as soon as there are descriptors again.
func TestNoDescriptors(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n := join(t, "x")
	alpha := host(t, n, "α")
	announce(t, base, "x", "β", "127.0.0.1:1")
	for name, do := range map[string]func() error{
		"join": func() error {
			n, err := lonet.Join(t.Context(), "y")
			if err == nil {
				err = n.Close()
			}
			return err
		},
		"new host": func() error {
			_, err := n.NewHost(t.Context(), "γ")
			return err
		},
		"dial": func() error {
			_, err := alpha.Dial(t.Context(), "β:1")
			if errors.Is(err, virtnet.ErrConnRefused) {
				return nil // nobody is there
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			failed, open := 0, openFDs(t)
			for most := uint64(3); ; most++ {
				restore := limit(t, unix.RLIMIT_NOFILE, most)
				err := do()
				restore()
				if err == nil {
					break
				}
				failed++
				require.ErrorIs(t, err, unix.EMFILE)
				require.LessOrEqual(t, openFDs(t), open)
			}
			assert.Positive(t, failed)
		})
	}
	d, a := pair(t, alpha, n.Host("γ"))
	talk(t, d, a)
}

// TestNoSpace: a host that cannot be written down is none. It runs in a process of its
// own: no file of the process can be written to meanwhile, also none of package testing.
func TestNoSpace(t *testing.T) {
	const env = "LONET_TEST_NO_SPACE"
	if os.Getenv(env) == "" {
		exe, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.Command(exe, "-test.run=^TestNoSpace$", "-test.v")
		cmd.Env = append(os.Environ(), env+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), "--- PASS: TestNoSpace")
		return
	}
	base := tempDir(t)
	noLeak(t)
	n := join(t, "x")
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	restore := limit(t, unix.RLIMIT_FSIZE, 0)
	_, err := n.NewHost(t.Context(), "α")
	restore()
	require.ErrorIs(t, err, unix.EFBIG)
	assert.NoDirExists(t, base)
	host(t, n, "α")
}

// TestAcceptLater: without descriptors who dials waits until there are some.
func TestAcceptLater(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "x")
	l := listen(t, host(t, n, "h"))
	child := start(t, "x", "caller")
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			c.Close()
		}
	}()
	restore := limit(t, unix.RLIMIT_NOFILE, 3)
	said := make(chan string, 1)
	_, err := fmt.Fprintln(child.in, "h:1")
	require.NoError(t, err)
	go func() {
		line, _ := child.out.ReadString('\n')
		said <- line
	}()
	select {
	case line := <-said:
		assert.Fail(t, "accepted without a descriptor", line)
	case <-time.After(50 * time.Millisecond):
	}
	restore()
	assert.Equal(t, "hello\n", <-said)
}

// TestCloseWithoutDescriptors: Close does not wait for better times.
func TestCloseWithoutDescriptors(t *testing.T) {
	tempDir(t)
	noLeak(t)
	n := join(t, "x")
	listen(t, host(t, n, "h"))
	child := start(t, "x", "caller")
	restore := limit(t, unix.RLIMIT_NOFILE, 3)
	_, err := fmt.Fprintln(child.in, "h:1")
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond)
	restore()
	require.NoError(t, n.Close())
	assert.Contains(t, child.line(t), "dial lonetx caller:2->h:1: ")
}

// TestListenerBroken: when nobody can dial any more the network is down, and
// Close says why.
func TestListenerBroken(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	n, err := lonet.Join(t.Context(), "x")
	require.NoError(t, err)
	h := host(t, n, "h")
	l := listen(t, h)
	require.NoError(t, unix.Shutdown(listening(t, place(t, base, "x", "h")), unix.SHUT_RD))
	_, err = l.Accept()
	require.ErrorIs(t, err, virtnet.ErrNetDown)
	_, err = n.NewHost(t.Context(), "i")
	require.ErrorIs(t, err, virtnet.ErrNetDown)
	err = n.Close()
	require.ErrorIs(t, err, unix.EINVAL)
	assert.Regexp(t, `^virtnet "lonetx": close: accept tcp4? 127.0.0.1:\d+: accept4: invalid argument$`, err.Error())
}

// listening returns the descriptor of this process that listens on a TCP address.
func listening(t *testing.T, address string) int {
	t.Helper()
	want := netip.MustParseAddrPort(address)
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, e := range entries {
		var fd int
		_, err := fmt.Sscan(e.Name(), &fd)
		require.NoError(t, err)
		if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || on == 0 {
			continue
		}
		bound, err := unix.Getsockname(fd)
		require.NoError(t, err)
		if in4, ok := bound.(*unix.SockaddrInet4); ok && in4.Port == int(want.Port()) {
			return fd
		}
	}
	require.Fail(t, "nobody listens", address)
	return -1
}
