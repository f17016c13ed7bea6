package tun

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/tun"
)

const defaultName = "utun"

func checkName(name string) error {
	number, ok := strings.CutPrefix(name, defaultName)
	if name == "" || name == defaultName {
		return nil
	}
	if _, err := strconv.ParseUint(number, 10, 16); !ok || err != nil {
		return errors.New(`must be "utun", or that and a number`)
	}
	return nil
}

func open(c *Config) (*device, error) {
	name := c.Name
	if name == "" {
		name = defaultName
	}
	native, err := tun.CreateTUN(name, c.MTU)
	if err != nil {
		if errors.Is(err, unix.EPERM) {
			err = fmt.Errorf("needs an administrator: %w", err)
		}
		return nil, &Error{Op: "open", Field: "Name", Value: strconv.Quote(name), Err: err}
	}
	return adopt(native, 0)
}

// adopt makes a device of the library's.
func adopt(native tun.Device, mtu int) (*device, error) {
	name, err := native.Name()
	if err != nil {
		return nil, errors.Join(&Error{Op: "open", Err: err}, native.Close())
	}
	return newDevice(native, name, mtu)
}

func fromFile(f *os.File, c *Config) (*device, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, &Error{Op: "open", Err: err}
	}
	var d *device
	if lost := raw.Control(func(fd uintptr) { d, err = duplicate(fd, c) }); lost != nil {
		return nil, &Error{Op: "open", Err: fmt.Errorf("%w: %w", os.ErrClosed, lost)}
	}
	return d, err
}

func fromFD(fd uintptr, c *Config) (*device, error) {
	d, err := duplicate(fd, c)
	if err == nil {
		_ = unix.Close(int(fd)) // the device has its own
	}
	return d, err
}

// duplicate makes a device of a duplicate of the descriptor: the library closes what it
// is given also when it fails.
func duplicate(fd uintptr, c *Config) (*device, error) {
	own, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, &Error{Op: "open", Field: "fd", Value: strconv.Itoa(int(fd)), Err: os.NewSyscallError("fcntl F_DUPFD_CLOEXEC", err)}
	}
	if err := unix.SetNonblock(own, true); err != nil {
		return nil, &Error{Op: "open", Err: errors.Join(os.NewSyscallError("fcntl", err), unix.Close(own))}
	}
	native, err := tun.CreateTUNFromFile(os.NewFile(uintptr(own), defaultName), 0)
	if err != nil {
		return nil, &Error{Op: "open", Field: "fd", Value: strconv.Itoa(int(fd)), Err: fmt.Errorf("is no open TUN interface: %w", err)}
	}
	return adopt(native, c.MTU)
}
