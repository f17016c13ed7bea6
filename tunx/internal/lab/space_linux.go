package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A Space is a network namespace. It ends with the test.
type Space struct{ file *os.File }

// NewSpace makes a namespace in which lo is up.
func NewSpace(t testing.TB) *Space {
	t.Helper()
	s := new(Space)
	var err error
	onLostThread(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			s.file, err = os.Open("/proc/thread-self/ns/net")
		}
	})
	if os.IsPermission(err) {
		Skip(t, "a network namespace needs CAP_SYS_ADMIN")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.file.Close() })
	s.Command(t, "ip", "link", "set", "lo", "up")
	return s
}

// Path is a file that stands for the namespace.
func (s *Space) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd()) }

// Run calls f on a thread inside, which ends afterwards. Sockets that f opens belong to the
// namespace.
func (s *Space) Run(t testing.TB, f func()) {
	t.Helper()
	var err error
	onLostThread(func() {
		if err = unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err == nil {
			f()
		}
	})
	if err != nil {
		t.Fatal(os.NewSyscallError("setns", err))
	}
}

// Command runs a program inside and returns what it prints.
func (s *Space) Command(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := Need(t, name)
	var out []byte
	var err error
	s.Run(t, func() {
		out, err = exec.CommandContext(context.WithoutCancel(t.Context()), path, args...).CombinedOutput()
	})
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// DropCapabilities takes all privileges from this thread.
func DropCapabilities() error {
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capset(&h, &data[0])
}

// Need returns the path of a program, or skips the test.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Skip(t, program+" is missing")
	}
	return path
}

// Skip skips the test for the reason. In continuous integration it fails.
func Skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
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
