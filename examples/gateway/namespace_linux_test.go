package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// namespace runs f in a new network namespace whose loopback is up, and returns
// the path of the namespace. It needs root.
func namespace(t *testing.T, f func()) string {
	t.Helper()
	ip := need(t, "ip")
	var fd int
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the thread ends with the goroutine
		if err = syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			return
		}
		if err = exec.Command(ip, "link", "set", "lo", "up").Run(); err != nil {
			return
		}
		if fd, err = syscall.Open("/proc/thread-self/ns/net", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
			f()
		}
	}()
	<-done
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("no new network namespace:", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	return fmt.Sprintf("/proc/self/fd/%d", fd)
}

// listenIn returns a listener in a new namespace, and its path, after setting a
// sysctl there.
func listenIn(t *testing.T, sysctl, value string) (l *net.TCPListener, path string) {
	t.Helper()
	var err, sysctlErr error
	path = namespace(t, func() {
		sysctlErr = os.WriteFile(sysctl, []byte(value), 0)
		l, err = net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	})
	require.NoError(t, sysctlErr)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l, path
}
