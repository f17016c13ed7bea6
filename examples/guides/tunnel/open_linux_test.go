package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/netstack/forward"
)

// A program in another namespace, here a dialer, has nothing but the tunnel.
func TestTunnel(t *testing.T) {
	netns := newNamespace(t)
	w, err := newWorld()
	require.NoError(t, err)
	defer w.Close()
	out, err := dialer.New(&dialer.Config{Timeout: 10 * time.Second, Rewrites: w.rewrites()})
	require.NoError(t, err)
	inside, err := dialer.New(&dialer.Config{Timeout: 10 * time.Second, Netns: netns})
	require.NoError(t, err)

	_, err = inside.Dial("tcp", "192.0.2.80:80")
	require.ErrorIs(t, err, unix.ENETUNREACH)

	events := make(chan forward.Event, 10)
	tunnel, err := openTunnel(netns, out, func(e forward.Event) { events <- e })
	require.NoError(t, err)
	web := &http.Client{Transport: &http.Transport{DialContext: inside.DialContext}}
	page, err := web.Get("http://192.0.2.80/")
	require.NoError(t, err)
	text, err := io.ReadAll(page.Body)
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	assert.Equal(t, "hello from the world", string(text))
	assert.Equal(t, "192.0.2.80:80", (<-events).Flow.Dst.String())

	_, err = inside.Dial("tcp", "192.0.2.80:81")
	require.ErrorIs(t, err, unix.ECONNREFUSED)

	echo, err := inside.Dial("udp", "192.0.2.7:7")
	require.NoError(t, err)
	defer echo.Close()
	require.NoError(t, echo.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(echo, "ping")
	require.NoError(t, err)
	p := make([]byte, 100)
	n, err := echo.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "ping", string(p[:n]))

	require.NoError(t, tunnel.Close())
	_, err = inside.Dial("tcp", "192.0.2.80:80")
	require.ErrorIs(t, err, unix.ENETUNREACH, "the route is gone")
	_, err = openTunnel("strata-no-such-namespace", out, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// newNamespace returns the path of a network namespace that ends with the test, whose
// loopback interface is down as well.
func newNamespace(t *testing.T) string {
	t.Helper()
	type result struct {
		file *os.File
		err  error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends here
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			made <- result{nil, os.NewSyscallError("unshare", err)}
			return
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		made <- result{file, err}
	}()
	r := <-made
	if r.err == nil {
		_, r.err = os.Stat("/dev/net/tun")
	}
	if r.err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("a network namespace and a TUN device are needed: ", r.err)
		}
		t.Skip("a network namespace and a TUN device are needed: ", r.err)
	}
	t.Cleanup(func() { r.file.Close() })
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), r.file.Fd())
}
