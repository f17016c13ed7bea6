//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// This test binary is the program when it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("RESTART_TEST_PROGRAM") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// start runs the program and returns the lines that it and its successors print.
func start(t *testing.T, program string, args ...string) *bufio.Reader {
	t.Helper()
	cmd := exec.Command(program, args...)
	// The race detector would let it sleep for a second at its end.
	cmd.Env = append(os.Environ(), "RESTART_TEST_PROGRAM=1", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	require.NoError(t, w.Close())
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // of the successors too, if the test failed
		cmd.Wait()
	})
	require.NoError(t, r.SetReadDeadline(time.Now().Add(10*time.Minute)))
	return bufio.NewReader(r)
}

// expect reads the next line, "PID what", and returns the number.
func expect(t *testing.T, lines *bufio.Reader, what string) *os.Process {
	t.Helper()
	line, err := lines.ReadString('\n')
	require.NoError(t, err, line)
	number, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	require.Contains(t, text, what, line)
	pid, err := strconv.Atoi(number)
	require.NoError(t, err, line)
	p, err := os.FindProcess(pid)
	require.NoError(t, err)
	return p
}

// client asks for as long as the context lasts, and fails the test if a request
// gets no answer. Requests are POST: no transport sends one a second time.
func client(ctx context.Context, t *testing.T, network, address string, keepAlive bool, answers *atomic.Int64) {
	t.Helper()
	transport := &http.Transport{
		DisableKeepAlives: !keepAlive,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	defer transport.CloseIdleConnections()
	c := http.Client{Transport: transport, Timeout: time.Minute}
	for ctx.Err() == nil {
		resp, err := c.Post("http://restart.test/", "text/plain", io.MultiReader(strings.NewReader("hello")))
		if !assert.NoError(t, err) {
			return
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !assert.NoError(t, err) || !assert.NotEmpty(t, body) {
			return
		}
		answers.Add(1)
	}
}

// freeAddress is where nobody listens. The port is below those that the system gives
// to clients and to who listens at port 0, so that nobody else is given it.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(10000))
		if l, err := net.Listen("tcp", address); err == nil {
			require.NoError(t, l.Close())
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

func TestRestartUnderLoad(t *testing.T) {
	address := freeAddress(t)
	path := filepath.Join(t.TempDir(), "s")
	lines := start(t, os.Args[0], "-listen", address, "-listen", "unix://"+path, "-grace", "2s") // a busy client has to ask once in that time
	process := expect(t, lines, "serves")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var clients sync.WaitGroup
	var answers atomic.Int64
	for _, keepAlive := range []bool{false, false, true, true} {
		clients.Go(func() { client(ctx, t, "tcp", address, keepAlive, &answers) })
		clients.Go(func() { client(ctx, t, "unix", path, keepAlive, &answers) })
	}
	for range 5 {
		before := answers.Load()
		require.Eventually(t, func() bool { return answers.Load() > before+200 || t.Failed() }, time.Minute, time.Millisecond)
		require.NoError(t, process.Signal(syscall.SIGHUP))
		next := expect(t, lines, "serves")
		require.NotEqual(t, process.Pid, next.Pid)
		assert.Equal(t, process.Pid, expect(t, lines, "ends").Pid)
		process = next
	}
	before := answers.Load()
	require.Eventually(t, func() bool { return answers.Load() > before+200 || t.Failed() }, time.Minute, time.Millisecond)
	cancel()
	clients.Wait()
	require.NoError(t, process.Signal(syscall.SIGTERM))
	assert.Equal(t, process.Pid, expect(t, lines, "ends").Pid)
	rest, err := io.ReadAll(lines)
	require.NoError(t, err, "the pipe ends with the last process")
	assert.Empty(t, string(rest))
	_, err = net.Dial("tcp", address)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// A new version that does not start does no harm.
func TestSuccessorThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	program := filepath.Join(t.TempDir(), "program")
	image, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, image, 0o700))
	lines := start(t, program, "-listen", "unix://"+path, "-grace", "0s")
	process := expect(t, lines, "serves")
	var answers atomic.Int64
	for _, script := range []string{"", "#!/bin/sh\nexit 3\n", "#!/bin/sh\necho wrong >&$RESTART_READY_FD\n"} {
		require.NoError(t, os.Remove(program))
		if script != "" {
			require.NoError(t, os.WriteFile(program, []byte(script), 0o700))
		}
		require.NoError(t, process.Signal(syscall.SIGHUP))
		if script == "" {
			require.NoError(t, os.WriteFile(program, nil, 0o600)) // for the next round to remove
		}
		assert.Equal(t, process.Pid, expect(t, lines, "goes on").Pid)
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		clients.Go(func() { client(ctx, t, "unix", path, false, &answers) })
		before := answers.Load()
		require.Eventually(t, func() bool { return answers.Load() > before+10 || t.Failed() }, time.Minute, time.Millisecond)
		cancel()
		clients.Wait()
	}
	require.NoError(t, process.Signal(syscall.SIGTERM))
	assert.Equal(t, process.Pid, expect(t, lines, "ends").Pid)
}

func TestCommandLine(t *testing.T) {
	var out bytes.Buffer
	for _, args := range [][]string{{"restart", "-no"}, {"restart", "extra"}, {"restart", "-grace", "x"}} {
		assert.Error(t, run(t.Context(), args, nil, &out))
	}
	assert.Contains(t, out.String(), "-listen address")
	o, err := parse([]string{"restart", "-grace", "2s"}, &out)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprint(options{[]string{"tcp://127.0.0.1:8080"}, 2 * time.Second, 30 * time.Second}), fmt.Sprint(o))
}
