package tun

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx/internal/netns"
)

func fromFile(f *os.File, c *Config) (*device, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, &Error{Op: "open", Err: err}
	}
	fd := -1
	lost := raw.Control(func(its uintptr) { fd, err = unix.FcntlInt(its, unix.F_DUPFD_CLOEXEC, 0) })
	if lost != nil {
		err = fmt.Errorf("%w: %w", os.ErrClosed, lost)
	}
	if err != nil {
		return nil, &Error{Op: "open", Err: err}
	}
	d, err := fromFD(uintptr(fd), c)
	if err != nil {
		unix.Close(fd)
	}
	return d, err
}

func fromFD(fd uintptr, c *Config) (*device, error) {
	d, err := inspect(int(fd))
	if err != nil {
		return nil, err
	}
	if err := d.openSize(int(fd), c.MTU); err != nil {
		return nil, err
	}
	d.queues = []*queue{{device: d, fd: int(fd)}} // until the descriptor is ours
	if d.header || c.NoOffload {
		err = d.offload(!c.NoOffload)
	}
	if err == nil {
		err = os.NewSyscallError("fcntl", unix.SetNonblock(int(fd), true))
	}
	d.queues = nil
	if err == nil {
		err = d.adopt(int(fd))
	}
	if err != nil {
		_ = d.size.close()
		return nil, err
	}
	return d, nil
}

// inspect asks what the descriptor is.
func inspect(fd int) (*device, error) {
	fail := func(err error) (*device, error) {
		return nil, &Error{Op: "open", Field: "fd", Value: strconv.Itoa(fd), Err: err}
	}
	request, err := unix.NewIfreq("")
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.TUNGETIFF, request)
	}
	if err != nil {
		return fail(fmt.Errorf("is no open TUN interface: %w", os.NewSyscallError("ioctl TUNGETIFF", err)))
	}
	// That IFF_NO_PI is set cannot be seen: its bit means IFF_NOFILTER here.
	flags := request.Uint16()
	if flags&unix.IFF_TUN == 0 {
		return fail(fmt.Errorf("must be a TUN interface, has the flags %#x: %w", flags, unix.EINVAL))
	}
	return &device{ifname: request.Name(), header: flags&unix.IFF_VNET_HDR != 0}, nil
}

// openSize finds the MTU, in the namespace of the interface when it may.
func (d *device) openSize(fd, mtu int) error {
	if mtu != 0 {
		d.size.value.Store(int64(mtu))
		return nil
	}
	where := ""
	if ns, err := unix.IoctlRetInt(fd, unix.TUNGETDEVNETNS); err == nil {
		defer unix.Close(ns)
		if !isHere(ns) {
			where = "/proc/self/fd/" + strconv.Itoa(ns)
		}
	}
	var err error
	lost := netns.Do(where, func() { err = d.size.open(d.ifname) })
	return d.fail("MTU", "0", errors.Join(lost, err))
}

// isHere reports whether the namespace is that of the process.
func isHere(ns int) bool {
	var a, b unix.Stat_t
	return unix.Fstat(ns, &a) == nil && unix.Stat("/proc/self/ns/net", &b) == nil && a.Dev == b.Dev && a.Ino == b.Ino
}
