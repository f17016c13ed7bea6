package dialer_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A space is a network namespace of a test. It ends with the test.
type space struct{ file *os.File }

// newSpace makes a namespace in which the loopback interface is up.
func newSpace(t *testing.T) *space {
	t.Helper()
	s := new(space)
	var err error
	onLostThread(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			s.file, err = os.Open("/proc/thread-self/ns/net")
		}
	})
	if os.IsPermission(err) {
		skipUnlessCI(t, "a network namespace needs CAP_SYS_ADMIN")
	}
	require.NoError(t, err)
	t.Cleanup(func() { s.file.Close() })
	s.ip(t, "link", "set", "lo", "up")
	return s
}

// path is one that Config.Netns takes.
func (s *space) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd()) }

// run calls f on a thread inside, which ends afterwards. Sockets that f opens belong to the namespace.
func (s *space) run(t *testing.T, f func()) {
	t.Helper()
	var err error
	onLostThread(func() {
		if err = unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err == nil {
			f()
		}
	})
	require.NoError(t, err)
}

// onLostThread calls f on a thread that ends with it.
func onLostThread(f func()) {
	done := make(chan struct{})
	run := func() {
		defer close(done)
		runtime.LockOSThread() // for ever
		f()
	}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if unix.Gettid() != unix.Getpid() {
			run()
			return
		}
		go run() // not on the main thread, which is locked here
		<-done
	}()
	<-done
}

func (s *space) ip(t *testing.T, args ...string) { t.Helper(); s.command(t, "ip", args...) }

// command runs a program inside.
func (s *space) command(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		skipUnlessCI(t, name+" (package iproute2) is missing")
	}
	var out []byte
	s.run(t, func() { out, err = exec.CommandContext(t.Context(), path, args...).CombinedOutput() })
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out)
}

// runCommand runs a program outside, also when the test is over.
func runCommand(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...).CombinedOutput()
	assert.NoError(t, err, "%s %v: %s", name, args, out)
}

// set writes a sysctl of the namespace.
func (s *space) set(t *testing.T, name, value string) {
	t.Helper()
	var err error
	s.run(t, func() { err = os.WriteFile("/proc/sys/net/"+name, []byte(value), 0o600) })
	require.NoError(t, err)
}
