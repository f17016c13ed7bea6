package listener_test

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestShards(t *testing.T) {
	noLeak(t)
	for _, test := range []struct{ address, options string }{
		{"127.0.0.1:0", ""}, {"tcp6://[::1]:0", "SO_REUSEPORT=true"}, {"localhost:0", "TCP_USER_TIMEOUT=5s"}, {":0", "SO_REUSEADDR=false"},
	} {
		const shards = 4
		all, err := listener.OpenAll(t.Context(), &listener.Config{Address: test.address, Shards: shards, Options: parse(t, test.options)})
		require.NoError(t, err)
		require.Len(t, all, shards)
		port := all[0].Addr().(*net.TCPAddr).Port
		for _, l := range all {
			assert.Equal(t, all[0].Addr(), l.Addr())
			assert.Equal(t, 1, getInt(t, l, unix.SOL_SOCKET, unix.SO_REUSEPORT))
		}
		assert.Equal(t, shards, listening(t, port))

		// Any other rule than one that spreads misses a socket; by chance that happens once in 10^22 times.
		counts := make([]int, shards)
		for range 200 {
			dial(t, all[0]).Close()
		}
		eventually(t, "all conns wait for Accept", func() bool {
			for i, l := range all {
				counts[i] = queued(t, l)
			}
			return counts[0]+counts[1]+counts[2]+counts[3] == 200
		})
		assert.NotContains(t, counts, 0)
		for _, l := range all {
			require.NoError(t, l.Close())
		}
	}
}

func TestAcceptFromAllShards(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Addresses: []string{"127.0.0.1:0", "tcp6://[::1]:0"}, Shards: 3}).(listener.Listener)
	assert.Len(t, l.Addrs(), 2)
	assert.Equal(t, 6, l.Stats().Sockets)
	f, err := l.Files()
	require.NoError(t, err)
	require.Len(t, f, 6)
	for _, file := range f {
		require.NoError(t, file.Close())
	}
	echo(t, l)
	for range 50 {
		for _, a := range l.Addrs() {
			c, err := net.Dial("tcp", a.String())
			require.NoError(t, err)
			roundTrip(t, c)
			require.NoError(t, c.Close())
		}
	}
}

// listening asks ss how many sockets listen on a port.
func listening(t *testing.T, port int) int {
	t.Helper()
	out, err := exec.Command("ss", "-Hltn", fmt.Sprintf("sport = :%d", port)).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		skipUnlessCI(t, "ss is missing")
	}
	require.NoError(t, err, string(out))
	return strings.Count(string(out), "LISTEN")
}

// queued tells how many conns wait for Accept: the kernel tells it of a listening socket where it
// tells of unacknowledged segments elsewhere.
func queued(t *testing.T, l net.Listener) int {
	t.Helper()
	raw, err := l.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	var info *unix.TCPInfo
	require.NoError(t, raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }))
	require.NoError(t, err)
	return int(info.Unacked)
}

func TestShardsOfAPortInUse(t *testing.T) {
	noLeak(t)
	taken := open(t, &listener.Config{Address: "127.0.0.1:0"})
	_, err := listener.New(t.Context(), &listener.Config{Address: taken.Addr().String(), Shards: 2})
	require.ErrorIs(t, err, syscall.EADDRINUSE)
}

func TestShardsOfAnotherUser(t *testing.T) {
	noLeak(t)
	result := make(chan error)
	config := &listener.Config{Address: "127.0.0.1:0", Shards: 2}
	all, err := listener.OpenAll(t.Context(), config)
	require.NoError(t, err)
	defer func() {
		for _, l := range all {
			l.Close()
		}
	}()
	config.Address = all[0].Addr().String()
	go func() {
		runtime.LockOSThread() // and never unlock it: the thread ends with the goroutine
		if err := unix.Setfsuid(65534); err != nil {
			result <- err
			return
		}
		if uid, err := unix.SetfsuidRetUid(-1); err != nil || uid != 65534 {
			result <- errNoUser
			return
		}
		_, err := listener.New(t.Context(), config)
		result <- err
	}()
	err = <-result
	if errors.Is(err, errNoUser) {
		skipUnlessCI(t, err.Error())
	}
	assert.ErrorIs(t, err, syscall.EADDRINUSE)
}

var errNoUser = errors.New("becoming another user needs CAP_SETUID")

// allowedCPUs returns the CPUs that this process can run on.
func allowedCPUs(t *testing.T) (list []int) {
	t.Helper()
	var set unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &set))
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			list = append(list, cpu)
		}
	}
	return list
}

func TestSteerByCPU(t *testing.T) {
	cpus := allowedCPUs(t)
	if len(cpus) < 2 {
		skipUnlessCI(t, "steering needs 2 CPUs")
	}
	noLeak(t)
	all, err := listener.OpenAll(t.Context(), &listener.Config{Address: "127.0.0.1:0", Shards: 2, SteerByCPU: true})
	require.NoError(t, err)
	on, reason := listener.Multipath(all[0])
	assert.False(t, on)
	assert.ErrorContains(t, reason, "SteerByCPU")
	want := make([]int, 2)
	for round := range 3 {
		for _, cpu := range cpus[:2] {
			for range 10 * (round + 1) {
				dialOn(t, cpu, all[0].Addr().String())
				want[cpu%2]++
			}
		}
	}
	eventually(t, "all conns wait for Accept", func() bool { return queued(t, all[0])+queued(t, all[1]) == want[0]+want[1] })
	for i, l := range all {
		assert.Equal(t, want[i], queued(t, l), "socket %d", i)
		require.NoError(t, l.Close())
	}
}

// dialOn connects on a CPU, which on loopback also takes the packet in.
func dialOn(t *testing.T, cpu int, address string) {
	t.Helper()
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock it: the thread ends with the goroutine
		var set unix.CPUSet
		set.Set(cpu)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			result <- err
			return
		}
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		result <- err
	}()
	require.NoError(t, <-result)
}

func TestSteerByCPUWithMultipath(t *testing.T) {
	if runtime.NumCPU() < 2 {
		skipUnlessCI(t, "steering needs 2 CPUs")
	}
	_, err := listener.New(t.Context(), &listener.Config{
		Address: "127.0.0.1:0", Shards: 2, SteerByCPU: true, Multipath: sockopt.MultipathRequire,
	})
	assert.Equal(t, "Multipath", failure(t, err).Field)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestTooManyShards(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:1000-1099", Shards: 11})
	assert.EqualError(t, err, "listener: config: Addresses: 100 sockets with 11 shards each are more than 1024")
	_, err = listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:1-4", Shards: math.MaxInt})
	assert.ErrorContains(t, err, "are more than 1024")
}
