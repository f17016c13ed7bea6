package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/internal/bench/lab"
)

const (
	tunName = "tun0"
	tunMTU  = 1500
)

// rawTUN opens a TUN device, whose packets begin with a virtio-net header if headers is set.
func rawTUN(n *lab.Namespace, headers bool) (*os.File, error) {
	var f *os.File
	err := n.Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
		}
		if err := attach(fd, headers); err != nil {
			return errors.Join(err, unix.Close(fd))
		}
		f = os.NewFile(uintptr(fd), "/dev/net/tun")
		return nil
	})
	return f, err
}

func attach(fd int, headers bool) error {
	request, err := unix.NewIfreq(tunName)
	if err != nil {
		return err
	}
	flags := uint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if headers {
		flags |= unix.IFF_VNET_HDR
	}
	request.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return os.NewSyscallError("ioctl TUNSETIFF", err)
	}
	if !headers {
		return nil
	}
	const offloads = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_USO4 | unix.TUN_F_USO6
	return os.NewSyscallError("ioctl TUNSETOFFLOAD", unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, offloads))
}

// inClient gives the client's device its address and makes it the way to everywhere.
func inClient(n *lab.Namespace) error {
	if err := up(n, tunName, "10.98.0.1/24"); err != nil {
		return err
	}
	return n.Run("ip", "route", "add", "default", "dev", tunName)
}

// openCopy copies packets between a TUN of the client and one of the server.
func openCopy(headers bool) func(*spaces) (*ends, error) {
	return func(s *spaces) (*ends, error) {
		a, errA := rawTUN(s.client, headers)
		b, errB := rawTUN(s.server, headers)
		if err := errors.Join(errA, errB); err != nil {
			return nil, fmt.Errorf("two TUN devices: %w", err)
		}
		err := errors.Join(inClient(s.client), up(s.server, tunName, copied+"/24"),
			s.server.Run("ip", "route", "add", "10.98.0.0/24", "dev", tunName))
		if err != nil {
			return nil, err
		}
		go carry(a, b)
		go carry(b, a)
		return &ends{}, nil
	}
}

// carry ends with the process.
func carry(from, to *os.File) {
	p := make([]byte, 1<<17)
	for {
		n, err := from.Read(p)
		if err != nil {
			return
		}
		_, _ = to.Write(p[:n]) // a device that is full drops, as a link does
	}
}
