package lonet_test

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/lonet"
)

// patience is how long a test waits for what takes milliseconds on an idle machine.
const patience = 30 * time.Second

// tempDir gives the test a temp directory of its own, which must be empty again at
// its end. It returns the place of the private folder in it.
func tempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	name := "TMPDIR"
	if runtime.GOOS == "windows" {
		name = "TMP"
	}
	t.Setenv(name, dir)
	t.Cleanup(func() { assert.Empty(t, files(t, dir), "left behind") })
	return filepath.Join(dir, lonet.FolderName())
}

// files returns what is in a folder and below it.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path != dir && !os.IsNotExist(err) {
			found = append(found, strings.TrimPrefix(path, dir))
		}
		return nil
	}))
	return found
}

// join joins a network until the test ends.
func join(t *testing.T, name string) *virtnet.SubNetwork {
	t.Helper()
	n, err := lonet.Join(t.Context(), name)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })
	return n
}

// shortName returns the name that others join a network with.
func shortName(n *virtnet.SubNetwork) string { return strings.TrimPrefix(n.Network(), "lonet") }

// host makes a host.
func host(t *testing.T, n *virtnet.SubNetwork, name string) *virtnet.Host {
	t.Helper()
	h, err := n.NewHost(t.Context(), name)
	require.NoError(t, err)
	return h
}

// listen listens on the first free port.
func listen(t *testing.T, h *virtnet.Host) net.Listener {
	t.Helper()
	l, err := h.Listen("")
	require.NoError(t, err)
	return l
}

// accept accepts in the background.
func accept(l net.Listener) <-chan net.Conn {
	accepted := make(chan net.Conn, 1)
	go func() {
		defer close(accepted)
		if c, err := l.Accept(); err == nil {
			accepted <- c
		}
	}()
	return accepted
}

// pair connects two hosts.
func pair(t *testing.T, from, to *virtnet.Host) (dialled, accepted net.Conn) {
	t.Helper()
	l := listen(t, to)
	a := accept(l)
	dialled, err := from.Dial(t.Context(), l.Addr().String())
	require.NoError(t, err)
	accepted = <-a
	require.NotNil(t, accepted)
	require.NoError(t, l.Close())
	return dialled, accepted
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "never: %s", what)
	}
}

// noLeak checks at the end of the test that goroutines and descriptors are
// back to what they were at the call.
func noLeak(t *testing.T) {
	t.Helper()
	if l, err := net.Listen("tcp4", "127.0.0.1:0"); assert.NoError(t, err) {
		l.Close() // the poller has descriptors of its own
	}
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// Each try counts once, because NumGoroutine is off by hundreds at the moment
		// when the runtime moves ended ones from list to list.
		var g, f int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}

// openFDs counts the open descriptors where the system lists them.
func openFDs(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}
