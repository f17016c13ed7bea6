package tun

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// size is the MTU of an interface. The kernel is asked again when the answer is a second
// old: to ask each time would be a system call a packet.
type size struct {
	name    string
	control *os.File // a socket of the interface's namespace; nil when the MTU is given
	value   atomic.Int64
	asked   atomic.Int64 // when, since epoch
}

const sizeAge = int64(time.Second)

// epoch is when time began.
var epoch = time.Now()

// open asks for the MTU of the interface, which is in the namespace of this thread.
func (s *size) open(name string) error {
	s.name = name
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	s.control = os.NewFile(uintptr(fd), "socket")
	if err := s.ask(); err != nil {
		return errors.Join(err, s.control.Close())
	}
	return nil
}

// get returns the MTU, the last one known when there is none any more.
func (s *size) get() int {
	if s.control != nil && int64(time.Since(epoch))-s.asked.Load() > sizeAge {
		_ = s.ask()
	}
	return int(s.value.Load())
}

func (s *size) ask() error {
	s.asked.Store(int64(time.Since(epoch)))
	return s.ioctl("SIOCGIFMTU", unix.SIOCGIFMTU, 0)
}

func (s *size) set(mtu int) error {
	return s.ioctl("SIOCSIFMTU", unix.SIOCSIFMTU, uint32(mtu))
}

// ioctl remembers the MTU that the request sets or gets.
func (s *size) ioctl(what string, request uint, mtu uint32) error {
	ifreq, err := unix.NewIfreq(s.name)
	if err != nil {
		return err
	}
	ifreq.SetUint32(mtu)
	raw, err := s.control.SyscallConn()
	if err != nil {
		return err
	}
	lost := raw.Control(func(fd uintptr) { err = unix.IoctlIfreq(int(fd), request, ifreq) })
	if err := errors.Join(lost, os.NewSyscallError("ioctl "+what, err)); err != nil {
		return err
	}
	s.value.Store(int64(ifreq.Uint32()))
	return nil
}

func (s *size) close() error {
	if s.control == nil {
		return nil
	}
	return s.control.Close()
}

// exists reports whether this thread's namespace has an interface of the name.
func exists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}
