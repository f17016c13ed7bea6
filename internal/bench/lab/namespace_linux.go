package lab

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// A Namespace is a network namespace that lives as long as it is open. A nil Namespace is the process's own.
type Namespace struct{ file *os.File }

// NewNamespace makes a namespace in which lo is up.
func NewNamespace() (*Namespace, error) {
	n := &Namespace{}
	err := onThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		n.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("new network namespace: %w", err)
	}
	if err := n.Run("ip", "link", "set", "lo", "up"); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Close lets the namespace end with the last process and socket in it.
func (n *Namespace) Close() {
	if n != nil {
		n.file.Close()
	}
}

// Path is a file that stands for the namespace while this process has it open.
func (n *Namespace) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.file.Fd()) }

// Do calls f on a thread that is in the namespace. What f opens and starts stays in it.
func (n *Namespace) Do(f func() error) error {
	if n == nil {
		return f()
	}
	return onThread(func() error { return n.enter(f) })
}

// enter calls f on this thread, which ends with it.
func (n *Namespace) enter(f func() error) error {
	if n != nil {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("setns", err)
		}
	}
	return f()
}

// Run runs a program in the namespace to its end.
func (n *Namespace) Run(name string, args ...string) error {
	return n.run(exec.Command(name, args...)) //nolint:noctx // ip ends by itself
}

func (n *Namespace) run(c *exec.Cmd) error {
	return n.Do(func() error {
		out, err := c.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%v: %w: %s", c.Args, err, out)
		}
		return nil
	})
}

// onThread calls f on a thread of its own, which ends with f, because f has changed it.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			// The main thread cannot end, and is what /proc/self/net shows. While it is held another one is taken.
			done <- onThread(f)
			runtime.UnlockOSThread()
			return
		}
		done <- f() // not unlocked: so the thread is not used again
	}()
	return <-done
}
