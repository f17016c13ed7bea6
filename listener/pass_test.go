//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package listener_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
)

// files returns the sockets for another process.
func files(t *testing.T, all []*listener.Stream) []*os.File {
	t.Helper()
	var list []*os.File
	for _, l := range all {
		f, err := l.File()
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		list = append(list, f)
	}
	return list
}

// opened returns the sockets of addresses, which are closed with the test.
func opened(t *testing.T, addresses ...string) []*listener.Stream {
	t.Helper()
	all, err := listener.OpenAll(t.Context(), &listener.Config{Addresses: addresses})
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, l := range all {
			l.Close()
		}
	})
	return all
}

func TestPass(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "77")
	t.Setenv("LISTEN_FDNAMES", "x")
	f := files(t, opened(t, "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"))
	cmd := exec.Command("true")
	require.NoError(t, listener.Pass(cmd, listener.Named{Name: "a b", Files: f[:2]}, listener.Named{Name: "c", Files: f[2:]}))
	assert.Equal(t, f, cmd.ExtraFiles)
	var got []string
	for _, s := range cmd.Env {
		if strings.Contains(s, "LISTEN_") {
			got = append(got, s)
		}
	}
	require.Len(t, got, 3, "LISTEN_PID would be wrong")
	assert.Equal(t, []string{"LISTEN_FDS=3", "LISTEN_FDNAMES=a b:a b:c"}, got[:2])
	assert.Greater(t, len(cmd.Env), 3)

	cmd = exec.Command("true")
	cmd.Env = []string{"A=1"}
	require.NoError(t, listener.Pass(cmd, listener.Named{Name: "c", Files: f[2:]}))
	assert.Contains(t, cmd.Env, "A=1")
	assert.Contains(t, cmd.Env, "LISTEN_FDS=1")
}

func TestPassErrors(t *testing.T) {
	f := files(t, opened(t, "127.0.0.1:0"))
	gone, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	cmd := exec.Command("true")
	err = listener.Pass(cmd,
		listener.Named{Name: "", Files: f},
		listener.Named{Name: "a:b", Files: f},
		listener.Named{Name: "tab\t"},
		listener.Named{Name: "nil", Files: []*os.File{nil}},
		listener.Named{Name: "gone", Files: []*os.File{gone}},
	)
	name := "is not 1 to 255 printable ASCII characters without a colon"
	assert.EqualError(t, err, strings.Join([]string{
		"listener: pass: Named: " + name,
		"listener: pass: Named=a:b: " + name,
		"listener: pass: Named=tab\t: " + name,
		"listener: pass: Named=tab\t: has no files",
		"listener: pass: Named=nil: a file is nil",
		"listener: pass: Named=gone: use of closed file",
	}, "\n"))
	assert.Nil(t, cmd.ExtraFiles)
	assert.Nil(t, cmd.Env)

	web := listener.Named{Name: "web", Files: f}
	assert.ErrorContains(t, listener.Pass(nil, web), "the command is nil")
	assert.ErrorContains(t, listener.Pass(cmd), "0 sockets")
	require.NoError(t, listener.Pass(cmd, web))
	assert.ErrorContains(t, listener.Pass(cmd, web), "which has some already")
}

// The mode is common to all duplicates of a socket. In a socket that blocks
// neither Close nor a deadline would end Accept.
func TestPassLeavesTheSocketsNonblocking(t *testing.T) {
	noLeak(t)
	all := opened(t, "127.0.0.1:0", "unix://"+filepath.Join(t.TempDir(), "s"))
	f := files(t, all)
	cmd := exec.Command("/bin/sh", "-c", "exit 0")
	require.NoError(t, listener.Pass(cmd, listener.Named{Name: "web", Files: f}))
	require.NoError(t, cmd.Run())
	for i, l := range all {
		require.NoError(t, f[i].Close())
		var flags int
		var err error
		require.NoError(t, control(l, func(fd uintptr) { flags, err = unix.FcntlInt(fd, unix.F_GETFL, 0) }))
		require.NoError(t, err)
		assert.NotZero(t, flags&unix.O_NONBLOCK)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			_, err := l.Accept()
			assert.ErrorIs(t, err, net.ErrClosed)
		})
		time.Sleep(10 * time.Millisecond) // most likely it waits by now; if not it must fail all the same
		require.NoError(t, l.Close())
		waiting.Wait()
	}
}

// The wrapper in the doc of Pass is for programs that insist on LISTEN_PID.
func TestPassThroughAShell(t *testing.T) {
	all := opened(t, "127.0.0.1:0")
	direct := child(t, "pid")
	cmd := exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`}, direct.Args...)...)
	cmd.Env = direct.Env
	require.NoError(t, listener.Pass(cmd, listener.Named{Name: "web", Files: files(t, all)}))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// insistOnPID is a program that does not know of Pass.
func insistOnPID(t *testing.T) {
	t.Helper()
	require.Equal(t, strconv.Itoa(os.Getpid()), os.Getenv("LISTEN_PID"))
	require.NoError(t, os.Unsetenv("STRATA_LISTEN_INODES"))
	open(t, &listener.Config{Address: "systemd://web"})
}

// What was passed to a process is not taken by one that it starts, though that
// sees the same environment.
func TestPassIsForOneProcess(t *testing.T) {
	cmd := child(t, "parent")
	require.NoError(t, listener.Pass(cmd, listener.Named{Name: "web", Files: files(t, opened(t, "127.0.0.1:0"))}))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

func startsAnother(t *testing.T) {
	t.Helper()
	own, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer own.Close()
	f, err := own.(*net.TCPListener).File()
	require.NoError(t, err)
	defer f.Close()
	cmd := child(t, "grandchild")
	cmd.ExtraFiles = []*os.File{f} // so that there is a listening socket
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	open(t, &listener.Config{Address: "systemd://web"})
}

func takesNothing(t *testing.T) {
	t.Helper()
	_, err := listener.New(t.Context(), &listener.Config{Address: "systemd://web"})
	assert.ErrorContains(t, err, "the descriptor is another process's")
}

// A process takes over from another that drains, and no client sees it.
func TestHandOverUnderLoad(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) { handOver(t, secure) })
	}
}

func handOver(t *testing.T, secure bool) {
	t.Helper()
	noLeak(t)
	path := filepath.Join(t.TempDir(), "s")
	config := &listener.Config{Addresses: []string{"127.0.0.1:0", "unix://" + path}, Track: true}
	if secure {
		config.TLS = newAuthority(t).server(t, "service.test")
	}
	l := open(t, config).(listener.Listener)
	var serving sync.WaitGroup
	serving.Go(func() { answer(l, "old") })

	var counts [2]atomic.Int64 // answers of the old process and of the new one
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for i := range 8 {
		a := l.Addrs()[i%2]
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				who, err := ask(a, secure)
				if !assert.NoError(t, err) {
					return
				}
				counts[map[string]int{"old": 0, "new": 1}[who]].Add(1)
			}
		})
	}
	await := func(n *atomic.Int64) {
		t.Helper()
		for enough, end := n.Load()+100, time.Now().Add(patience); n.Load() < enough; time.Sleep(time.Millisecond) {
			require.True(t, time.Now().Before(end), "no answers")
		}
	}
	await(&counts[0])

	cmd := child(t, "successor")
	cmd.Env = append(cmd.Env, "STRATA_TLS="+strconv.FormatBool(secure))
	f, err := l.Files()
	require.NoError(t, err)
	require.NoError(t, listener.Pass(cmd, listener.Named{Name: "web", Files: f[:1]}, listener.Named{Name: "local", Files: f[1:]}))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	for _, file := range f {
		require.NoError(t, file.Close())
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	require.NoError(t, l.Shutdown(t.Context()))
	serving.Wait()
	assert.FileExists(t, path)
	before := counts[0].Load()
	await(&counts[1])
	close(stop)
	clients.Wait()
	assert.LessOrEqual(t, counts[0].Load(), before+8, "the old process has ended")

	// A third one, which was handed nothing, sees that the path is in use.
	_, err = listener.New(t.Context(), &listener.Config{Address: "unix://" + path})
	require.ErrorIs(t, err, unix.EADDRINUSE)
	in.Close()
	require.NoError(t, cmd.Wait())
	// And when the successor is gone too, that its file is stale.
	open(t, &listener.Config{Address: "unix://" + path})
}

func takesOver(t *testing.T) {
	t.Helper()
	config := &listener.Config{Addresses: []string{"systemd://web", "systemd://local"}}
	if os.Getenv("STRATA_TLS") == "true" {
		config.TLS = newAuthority(t).server(t, "service.test")
	}
	l := open(t, config)
	var serving sync.WaitGroup
	serving.Go(func() { answer(l, "new") })
	fmt.Fprintln(os.Stdout, "ready")
	io.Copy(io.Discard, os.Stdin)
	require.NoError(t, l.Close())
	serving.Wait()
}

// answer says the name to each client, and waits until the client has closed.
func answer(l net.Listener, name string) {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		group.Go(func() {
			defer c.Close()
			if _, err := c.Read(make([]byte, 1)); err == nil {
				io.WriteString(c, name)
			}
		})
	}
}

// ask returns the name of the process that answers.
func ask(a net.Addr, secure bool) (string, error) {
	c, err := net.Dial(a.Network(), a.String())
	if err != nil {
		return "", err
	}
	defer func() { c.Close() }()
	if secure {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // each process has an authority of its own
	}
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("?")); err != nil {
		return "", err
	}
	name, err := io.ReadAll(c)
	if err == nil && len(name) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return string(name), err
}

// Conns that were taken from a socket belong to no other process: Shutdown must
// not lose them.
func TestShutdownDeliversWhatWasAccepted(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	for _, config := range []*listener.Config{
		{Addresses: []string{"127.0.0.1:0", "127.0.0.1:0"}},
		{Address: "127.0.0.1:0", TLS: ca.server(t, "127.0.0.1"), Track: true},
	} {
		l := open(t, config).(listener.Listener)
		client := dial(t, l)
		require.Eventually(t, func() bool { return l.Stats().Pending == 1 }, patience, time.Millisecond)
		ended := make(chan error, 1)
		go func() { ended <- l.Shutdown(t.Context()) }()
		require.Eventually(t, func() bool {
			c, err := net.Dial("tcp", l.Addr().String())
			if err == nil {
				c.Close()
			}
			return err != nil
		}, patience, time.Millisecond)
		greeted := make(chan error, 1)
		go func() {
			if config.TLS != nil {
				secure := ca.client()
				secure.ServerName = "127.0.0.1"
				client = tls.Client(client, secure)
			}
			greeted <- greet(client)
		}()
		for waiting := true; waiting; { // the dials above may have been taken too
			conn, err := l.Accept()
			require.NoError(t, err)
			word := make([]byte, 5)
			if _, err := io.ReadFull(conn, word); err == nil {
				conn.Write(word)
				waiting = false
			}
			assert.NoError(t, conn.Close())
		}
		require.NoError(t, <-greeted)
		for {
			conn, err := l.Accept()
			if err != nil {
				assert.ErrorIs(t, err, net.ErrClosed)
				break
			}
			conn.Close()
		}
		if err := <-ended; config.Track {
			assert.NoError(t, err)
		} else {
			assert.ErrorIs(t, err, errors.ErrUnsupported)
		}
	}
}

// greet sends a word and wants it back.
func greet(c net.Conn) error {
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 5))
	return err
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Addresses: []string{"127.0.0.1:0", "127.0.0.1:0"}, Track: true}).(listener.Listener)
	client := dial(t, l)
	require.Eventually(t, func() bool { return l.Stats().Pending == 1 }, patience, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	l.Shutdown(ctx)
	_, err := client.Read(make([]byte, 1))
	require.Error(t, err, "nobody has accepted it in time")
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}
