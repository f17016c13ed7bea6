package tunnel_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/internal/integration/ownspace"
)

// TestMain runs the tests in a namespace in which they have the servers' addresses.
func TestMain(m *testing.M) { os.Exit(ownspace.Main(m, loopbackUp)) }

// loopbackUp sets lo up, which it is not in a new namespace.
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
	request.SetUint16(unix.IFF_UP)
	return os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request))
}
