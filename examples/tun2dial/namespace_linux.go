package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// runDir is where ip-netns(8) keeps the namespaces that have names.
const runDir = "/run/netns"

// A namespace is a network namespace that this program holds open. A nil one is
// the program's own.
type namespace struct {
	file *os.File
	made string // the file that gives it its name, if this program made it
}

// newNamespace makes a namespace without a name: it ends with the last process
// and descriptor in it.
func newNamespace() (*namespace, error) {
	n := &namespace{}
	err := onThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		if n.file, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return err
		}
		return loopbackUp()
	})
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("new network namespace: %w", err)
	}
	return n, nil
}

// openPlace opens the namespace of a name, or of a path with a slash in it, which must
// be there; "" is the program's own.
func openPlace(name string) (openedPlace, error) {
	if name == "" {
		return here{}, nil
	}
	file, err := os.Open(namespacePath(name))
	if err != nil {
		return nil, err
	}
	return &namespace{file: file}, nil
}

func namespacePath(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return filepath.Join(runDir, name)
}

// openNamespace opens the namespace of a name or path. One of a name is made if there
// is none, and then Close removes it.
func openNamespace(name string) (*namespace, error) {
	path := namespacePath(name)
	file, err := os.Open(path)
	if err == nil {
		return &namespace{file: file}, nil
	}
	if !errors.Is(err, os.ErrNotExist) || path == name {
		return nil, err
	}
	n, err := newNamespace()
	if err == nil {
		err = n.bind(path)
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// bind gives the namespace a name, as ip-netns(8) does it: others can enter it.
func (n *namespace) bind(path string) error {
	if err := shareRunDir(); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o444) //nolint:gosec // as ip-netns(8) has it
	if err != nil {
		return err
	}
	f.Close()
	n.made = path
	return mount(n.path(), path, unix.MS_BIND)
}

// shareRunDir makes what is mounted in the folder visible to those who have a copy
// of it, so that a name can be removed in all of them. It stays, as with ip-netns(8).
func shareRunDir() error {
	if err := os.MkdirAll(runDir, 0o755); err != nil { //nolint:gosec // as ip-netns(8) has it
		return err
	}
	err := mount("", runDir, unix.MS_SHARED|unix.MS_REC)
	if !errors.Is(err, unix.EINVAL) { // it is no mount yet
		return err
	}
	if err := mount(runDir, runDir, unix.MS_BIND|unix.MS_REC); err != nil {
		return err
	}
	return mount("", runDir, unix.MS_SHARED|unix.MS_REC)
}

func mount(source, target string, flags uintptr) error {
	if err := unix.Mount(source, target, "none", flags, ""); err != nil {
		return &os.PathError{Op: "mount", Path: target, Err: err}
	}
	return nil
}

// Close removes the name, if this program gave it, and lets the namespace end with
// the last process in it.
func (n *namespace) Close() error {
	var errs []error
	if n == nil {
		return nil
	}
	if n.made != "" {
		if err := unix.Unmount(n.made, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, &os.PathError{Op: "unmount", Path: n.made, Err: err})
		}
		errs = append(errs, os.Remove(n.made))
		n.made = ""
	}
	if n.file != nil {
		errs = append(errs, n.file.Close())
		n.file = nil
	}
	return errors.Join(errs...)
}

// path is a file that stands for the namespace while it is open; "" for nil.
func (n *namespace) path() string {
	if n == nil {
		return ""
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.file.Fd())
}

// do calls f on a thread that is in the namespace. What f opens and starts stays
// in it.
func (n *namespace) do(f func() error) error {
	if n == nil {
		return f()
	}
	return onThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return os.NewSyscallError("setns", err)
		}
		return f()
	})
}

// onThread calls f on a thread of its own, which ends with f, because f has changed
// it. That is never the main thread, which cannot end.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			done <- onThread(f) // on another one, while this one is held
			runtime.UnlockOSThread()
			return
		}
		done <- f() // not unlocked: so the thread is not used again
	}()
	return <-done
}

// loopbackUp switches lo on in the namespace of this thread.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request))
}
