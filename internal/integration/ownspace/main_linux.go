package ownspace

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// inside tells a process that it is in a namespace of its own.
const inside = "STRATA_OWN_NETWORK_NAMESPACE"

// A Runner is a *testing.M, or what else returns an exit code.
type Runner interface{ Run() int }

// Main is for TestMain: it runs the tests in a new network namespace, which ends with them,
// and returns the exit code. ready, which may be nil, prepares the namespace. Without root
// the tests run where they are.
func Main(m Runner, ready func() error) int {
	switch {
	case !isRoot():
	case os.Getenv(inside) == "":
		return again()
	case ready != nil:
		if err := ready(); err != nil {
			fmt.Fprintln(os.Stderr, "prepare the namespace for the tests:", err)
			return 1
		}
	}
	return m.Run()
}

func again() int {
	runtime.LockOSThread()                                // the child's life hangs on the thread that starts it
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...) //nolint:gosec,noctx // the tests' own arguments; it ends with this process
	// The race detector would let it sleep for a second at its end.
	cmd.Env = append(os.Environ(), inside+"=1", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: unix.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "a network namespace for the tests:", err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

// isRoot is false also for the root of a container, which lacks capabilities.
func isRoot() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	const wanted = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SYS_ADMIN
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&wanted == wanted
}
