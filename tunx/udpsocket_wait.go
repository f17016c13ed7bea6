//go:build darwin || dragonfly || freebsd || netbsd || openbsd || solaris || windows

package tunx

import (
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// udpSocket waits without a buffer. Its system tells a socket only if it is connected that
// nobody listens there, and on Windows package net switches that off.
type udpSocket struct {
	to    *receiver
	conn  *net.UDPConn
	raw   syscall.RawConn
	ready func(fd uintptr) bool // made once: a closure for each call would allocate
	asked bool
}

var larges = sync.Pool{New: func() any { return new([largeSize]byte) }}

func newUDPSocket(c *net.UDPConn, to *receiver) (socket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &udpSocket{to: to, conn: c, raw: raw}
	s.ready = s.readable
	return s, nil
}

func (s *udpSocket) writeTo(p []byte, destination netip.AddrPort) (int, error) {
	if s.conn.RemoteAddr() != nil {
		return s.conn.Write(p)
	}
	return s.conn.WriteToUDPAddrPort(p, destination)
}

func (s *udpSocket) receive() error {
	if err := s.raw.Read(s.ready); err != nil {
		return err
	}
	p := larges.Get().(*[largeSize]byte)
	defer larges.Put(p)
	// A socket that is connected says why it is readable.
	n, from, err := s.conn.ReadFromUDPAddrPort(p[:])
	if err != nil {
		if remote := s.conn.RemoteAddr(); remote != nil && isRefused(err) {
			s.to.refuse(unmap(remote.(*net.UDPAddr).AddrPort()))
			return nil
		}
		return err
	}
	return s.to.deliver(p[:n], unmap(from))
}
