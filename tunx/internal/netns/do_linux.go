package netns

import (
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Path returns the file that stands for the namespace: name itself when it has a slash,
// else the one where ip-netns(8) puts it.
func Path(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return "/run/netns/" + name
}

// Do calls f on a thread that is in the namespace, "" for the one of the process. What f
// opens belongs to it. The thread returns, or ends with f. The error says why f was not
// called.
func Do(name string, f func()) error {
	if name == "" {
		f()
		return nil
	}
	done := make(chan error)
	go onThread(func() { done <- visit(Path(name), f) })
	return <-done
}

// onThread runs f on a locked thread, which f unlocks or not: then the thread ends with
// the goroutine. It is not the main thread, which cannot end, and whose namespace all see
// as that of the process in /proc/self and /proc/net.
func onThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	locked := make(chan struct{})
	go func() { // cannot get this thread as long as it is locked here
		runtime.LockOSThread()
		close(locked)
		f()
	}()
	<-locked
	runtime.UnlockOSThread()
}

// visit calls f in the namespace, and unlocks the thread unless it could not return.
func visit(path string, f func()) error {
	target, err := open(path)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer unix.Close(target)
	home, err := open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer unix.Close(home)
	if err := unix.Setns(target, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return os.NewSyscallError("setns", err)
	}
	f()
	if unix.Setns(home, unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	return nil
}

func open(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}
