package lonet_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/virtnet/lonet"
)

// inNamespace calls do in a network namespace of its own. It ends with the thread, and the sockets that do has made.
func inNamespace(t *testing.T, do func(t *testing.T)) {
	t.Helper()
	if !isRoot() {
		skipUnlessCI(t, "needs root for a network namespace")
	}
	t.Run("namespace", func(t *testing.T) {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		require.NoError(t, unix.Unshare(unix.CLONE_NEWNET))
		do(t)
	})
}

// setLoopback takes the IPv4 address from the interface, which is up or down then.
func setLoopback(t *testing.T, up bool) {
	t.Helper()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(s)
	ifr, err := unix.NewIfreq("lo")
	require.NoError(t, err)
	ifr.SetUint16(unix.IFF_UP)
	require.NoError(t, unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, ifr))
	require.NoError(t, ifr.SetInet4Addr(make([]byte, 4)))
	require.NoError(t, unix.IoctlIfreq(s, unix.SIOCSIFADDR, ifr))
	if !up {
		ifr.SetUint16(0)
		require.NoError(t, unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, ifr))
	}
}

// TestNoLoopback: the error says what was tried.
func TestNoLoopback(t *testing.T) {
	tempDir(t)
	noLeak(t)
	inNamespace(t, func(t *testing.T) {
		setLoopback(t, false)
		_, err := lonet.Join(t.Context(), "x")
		require.ErrorIs(t, err, unix.EADDRNOTAVAIL)
		assert.EqualError(t, err, `lonet: join "x": listen tcp4 127.0.0.1:0: bind: cannot assign requested address`+"\n"+
			"listen tcp6 [::1]:0: bind: cannot assign requested address")
	})
}

// TestOnlyIPv6: without 127.0.0.1 it is ::1.
func TestOnlyIPv6(t *testing.T) {
	base := tempDir(t)
	noLeak(t)
	inNamespace(t, func(t *testing.T) {
		setLoopback(t, true)
		n := join(t, "x")
		alpha := host(t, n, "α")
		assert.Regexp(t, `^\[::1\]:\d+$`, place(t, base, "x", "α"))
		d, a := pair(t, alpha, alpha)
		talk(t, d, a)
	})
}

// isRoot is false also for the root of a container, which lacks capabilities.
func isRoot() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	const wanted = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SYS_ADMIN
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&wanted == wanted
}
