package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// program returns the command that runs this program with arguments.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	// The race detector would let it sleep for a second at its end.
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	return cmd
}

// A program runs in a namespace of its own, whose traffic goes through the tunnel, and its
// exit status is the tunnel's.
func TestTunnelProgram(t *testing.T) {
	root(t)
	w := newTestWorld(t)
	for name, test := range map[string]struct {
		args   []string
		status int
		out    string // a pattern
	}{
		"traffic": {[]string{"--", "curl", "-qsS", "-T", "main.go", "http://203.0.113.1/sink"}, 0, fmt.Sprintf("^%d$", size(t, "main.go"))},
		"IPv6":    {[]string{"--", "curl", "-qsS", "-T", "main.go", "http://[2001:db8:113::1]/sink"}, 0, fmt.Sprintf("^%d$", size(t, "main.go"))},
		"refused": {[]string{"--", "curl", "-qsS", "http://203.0.113.1:9/"}, 7, ""},
		"status":  {[]string{"--", "sh", "-c", "exit 42"}, 42, ""},
		"no such": {[]string{"--", "no-such-program"}, 1, ""},
		"no UDP":  {[]string{"-udp", "refuse", "dig", "@203.0.113.1", "+tries=1", "+time=30", smallName}, 9, "(?s)connection refused.*no servers could be reached"},
		"no ping": {[]string{"-echo", "drop", "ping", "-n", "-c", "1", "-W", "1", "203.0.113.1"}, 1, "0 received"},
		"routes":  {[]string{"-route", "203.0.113.2/32", "curl", "-qsS", "http://203.0.113.1/"}, 7, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out, diag bytes.Buffer
			cmd := program(t, append([]string{"-from", w.path()}, test.args...)...)
			cmd.Stdout, cmd.Stderr = &out, &diag
			assert.Equal(t, test.status, status(t, cmd.Run()), "%s", &diag)
			if test.out == "" {
				assert.Empty(t, out.String())
			}
			assert.Regexp(t, test.out, out.String())
		})
	}
}

func size(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	require.NoError(t, err)
	return info.Size()
}

// running is this program in the background.
type running struct {
	cmd  *exec.Cmd
	diag lines
	out  lines
	exit chan error
}

// start starts it and waits for a text.
func start(t *testing.T, text string, args ...string) *running {
	t.Helper()
	r := &running{cmd: program(t, args...), exit: make(chan error, 1)}
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.diag
	require.NoError(t, r.cmd.Start())
	go func() { r.exit <- r.cmd.Wait() }()
	t.Cleanup(func() {
		r.cmd.Process.Kill() // has ended already in most tests
		if t.Failed() {
			t.Log(r.diag.String(), r.out.String())
		}
	})
	require.Eventually(t, func() bool { return strings.Contains(r.diag.String(), text) }, patience, 5*time.Millisecond, "%v", &r.diag)
	return r
}

// ended waits for its end.
func (r *running) ended(t *testing.T) int {
	t.Helper()
	select {
	case err := <-r.exit:
		return status(t, err)
	case <-time.After(patience):
		t.Fatal("it did not end")
		return -1
	}
}

// state is what ip-link(8) and its kin say of a namespace.
func state(t *testing.T, netns string) string {
	t.Helper()
	var all strings.Builder
	for _, what := range []string{"-o link", "-o address", "route show table all", "-6 route show table all", "rule", "-6 rule"} {
		b, err := exec.CommandContext(t.Context(), "ip", append([]string{"-n", netns}, strings.Fields(what)...)...).CombinedOutput()
		require.NoError(t, err, "%s", b)
		all.Write(b)
	}
	return all.String()
}

// A namespace that there was is left as it was, whichever signal ends the program and
// whatever goes through it.
func TestTunnelLeavesNothing(t *testing.T) {
	root(t)
	need(t, "ip")
	w := newTestWorld(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			name := fmt.Sprintf("tun2dial-%d-%d", os.Getpid(), sig)
			n, err := openNamespace(name)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, n.Close()) })
			before := state(t, name)
			r := start(t, "ready", "-netns", name, "-from", w.path(), "-device", "t2d%d", "-json")
			require.NotEqual(t, before, state(t, name))
			load := exec.CommandContext(t.Context(), "curl", "-qsS", "--max-time", "60", "-o", "/dev/null", "http://203.0.113.1/zeros/1000000000000")
			require.NoError(t, n.do(load.Start))
			require.Eventually(t, func() bool { return strings.Contains(r.out.String(), `"event":"open"`) }, patience, 5*time.Millisecond)
			require.NoError(t, r.cmd.Process.Signal(sig))
			assert.Equal(t, 0, r.ended(t))
			assert.NotEqual(t, 0, status(t, load.Wait()), "the download has ended")
			assert.Equal(t, before, state(t, name))
		})
	}
}

// A namespace that the program made is gone after it.
func TestTunnelMakesNamespace(t *testing.T) {
	root(t)
	name := fmt.Sprintf("tun2dial-%d-made", os.Getpid())
	r := start(t, "ready", "-netns", name)
	require.FileExists(t, filepath.Join(runDir, name))
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 0, r.ended(t))
	assert.NoFileExists(t, filepath.Join(runDir, name))
}

// A signal ends the program that runs inside as well.
func TestTunnelEndsProgram(t *testing.T) {
	root(t)
	r := start(t, "running", "--", "sh", "-c", "trap 'echo asked >&2; exit 3' TERM; echo running >&2; while :; do sleep 0.1; done")
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 3, r.ended(t))
	assert.Contains(t, r.diag.String(), "asked")
}

// What cannot be opened is an error that names it, and leaves nothing.
func TestTunnelFails(t *testing.T) {
	root(t)
	for name, test := range map[string]struct {
		args []string
		diag string
	}{
		"from nowhere": {[]string{"-from", "no-such-namespace", "true"}, "no-such-namespace"},
		"no path":      {[]string{"-netns", "/nonexistent/ns", "true"}, "/nonexistent/ns"},
		"long name":    {[]string{"-device", "a-name-that-is-too-long", "true"}, "a-name-that-is-too-long"},
		"address":      {[]string{"-address", "10.0.0.1/24,10.0.0.1/24", "true"}, "10.0.0.1/24"},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			var out, diag bytes.Buffer
			assert.Equal(t, 1, run(t.Context(), test.args, &out, &diag))
			assert.Contains(t, diag.String(), test.diag)
			assert.Empty(t, out.String())
		})
	}
}
