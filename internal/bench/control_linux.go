package bench

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// controlCases apply options to new sockets, as package net asks for between socket and bind or connect.
func controlCases() []Case {
	var cases []Case
	for _, n := range []int{1, 5, 10} {
		settings := bindSettings[:n]
		cases = append(cases, Case{
			Name:  fmt.Sprintf("Control, options=%d", n),
			Batch: 100,
			Ways: []Way{
				controlWay("closure with unix.SetsockoptInt", byHand(settings)),
				controlWay("Options.Control", options(settings).Control),
				controlWay("limit: bare system calls", bare(settings)),
			},
		})
	}
	return cases
}

func controlWay(name string, apply control) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		s, err := newSockets(n)
		if err != nil {
			return nil, err
		}
		return &Run{Close: s.close, Do: func() error {
			for _, raw := range s.raw {
				if err := apply("tcp4", "", raw); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	}}
}

// sockets are TCP sockets over IPv4, neither bound nor connected.
type sockets struct {
	files []*os.File
	raw   []syscall.RawConn
}

func newSockets(n int) (*sockets, error) {
	s := &sockets{}
	for range n {
		if err := s.open(); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *sockets) open() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), "socket")
	s.files = append(s.files, f)
	raw, err := f.SyscallConn()
	s.raw = append(s.raw, raw)
	return err
}

func (s *sockets) close() {
	for _, f := range s.files {
		f.Close()
	}
}
