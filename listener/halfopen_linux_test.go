package listener_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
)

// inside calls f on a thread in a namespace: that of a file, or a new one. The
// thread ends afterwards.
func inside(t *testing.T, space *os.File, f func()) {
	t.Helper()
	var err error
	done := make(chan struct{})
	run := func() {
		defer close(done)
		runtime.LockOSThread() // for ever
		if space == nil {
			err = unix.Unshare(unix.CLONE_NEWNET)
		} else {
			err = unix.Setns(int(space.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			f()
		}
	}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if unix.Gettid() != unix.Getpid() {
			run()
			return
		}
		go run() // not on the main thread, which does not end and is locked here
		<-done
	}()
	<-done
	if os.IsPermission(err) {
		skipUnlessCI(t, "a network namespace needs CAP_SYS_ADMIN")
	}
	require.NoError(t, err)
}

// newSpace makes a namespace that ends with the test.
func newSpace(t *testing.T) *os.File {
	t.Helper()
	var f *os.File
	var err error
	inside(t, nil, func() { f, err = os.Open("/proc/thread-self/ns/net") })
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func ip(t *testing.T, space *os.File, args ...string) {
	t.Helper()
	path, err := exec.LookPath("ip")
	if err != nil {
		skipUnlessCI(t, "ip (package iproute2) is missing")
	}
	var out []byte
	inside(t, space, func() { out, err = exec.CommandContext(t.Context(), path, args...).CombinedOutput() })
	require.NoError(t, err, "ip %v: %s", args, out)
}

// A peer whose link is gone neither acknowledges nor resets. What we send is
// repeated in vain, which is no traffic.
func TestAHalfOpenPeerIsCutAsIdle(t *testing.T) {
	here, there := newSpace(t), newSpace(t)
	// The second namespace is named by a descriptor of this process.
	ip(t, here, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns",
		"/proc/"+strconv.Itoa(os.Getpid())+"/fd/"+strconv.Itoa(int(there.Fd())))
	ip(t, here, "addr", "add", "192.0.2.1/24", "dev", "v0")
	ip(t, here, "link", "set", "v0", "up")
	ip(t, there, "addr", "add", "192.0.2.2/24", "dev", "v1")
	ip(t, there, "link", "set", "v1", "up")
	noLeak(t)
	const idle = 1500 * time.Millisecond
	var l net.Listener
	var err error
	inside(t, here, func() {
		l, err = listener.New(t.Context(), &listener.Config{Address: "192.0.2.1:0", IdleTimeout: idle})
	})
	require.NoError(t, err)
	defer l.Close()
	var client net.Conn
	inside(t, there, func() { client, err = net.DialTimeout("tcp", l.Addr().String(), patience) })
	require.NoError(t, err)
	defer client.Close()
	server := accept(t, l)
	roundTripFrom(t, server, client)

	ip(t, there, "link", "set", "v1", "down")
	start, delay := time.Now(), delays()
	_, err = io.WriteString(server, "anybody there?")
	require.NoError(t, err)
	_, err = server.Read(make([]byte, 1))
	isCut(t, err, "IdleTimeout")
	assert.Less(t, time.Since(start)-delay(), 2*idle+time.Second, "the repetitions were taken for traffic")
	assert.NoError(t, server.Close())
	eventually(t, "it is counted", func() bool { return stats(l).CutIdle == 1 && stats(l).Active == 0 })
}

// delays measures for how long this process could not run, until the function is called that it returns.
func delays() (total func() time.Duration) {
	const nap, usual = 5 * time.Millisecond, 25 * time.Millisecond
	over, sum := make(chan struct{}), make(chan time.Duration)
	go func() {
		var late time.Duration
		for {
			select {
			case <-over:
				sum <- late
				return
			default:
			}
			slept := time.Now()
			time.Sleep(nap)
			if d := time.Since(slept); d > usual {
				late += d
			}
		}
	}()
	return func() time.Duration {
		close(over)
		return <-sum
	}
}

// The kernel tells of the first path only, so Read and Write count.
func TestBoundsOfAMultipathConn(t *testing.T) {
	needMPTCP(t)
	noLeak(t)
	patiently(t, 500*time.Millisecond, func(idle time.Duration, p *pulse) error {
		l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: idle, MinReceiveRate: 1, MinReceiveGrace: time.Hour})
		defer l.Close()
		d := net.Dialer{}
		d.SetMultipathTCP(true)
		client, err := d.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer client.Close()
		server := accept(t, l)
		copied := make(chan error, 1)
		go func() {
			_, err := io.Copy(server, server)
			copied <- err
		}()
		if err := moves(l, idle, p, func() error { return ping(client, client) }); err != nil {
			return err
		}
		isCut(t, <-copied, "IdleTimeout")
		p.skip()

		// Long writes show that they move.
		second, err := d.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer second.Close()
		server = accept(t, l)
		const size = 4 << 20
		written := make(chan error, 1)
		go func() {
			_, err := server.Write(make([]byte, size))
			written <- errors.Join(err, server.Close())
		}()
		got := 0
		for b := make([]byte, 1<<16); err == nil; p.beat() {
			var n int
			n, err = second.Read(b)
			got += n
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if err = errors.Join(err, <-written); err == nil && got != size {
			err = fmt.Errorf("%d bytes of %d have come", got, size)
		}
		return err
	})
}
