package tunx

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// udpSocket waits without a buffer, and learns from the error queue (IP_RECVERR, ip(7))
// which destinations are not reachable.
type udpSocket struct {
	to        *receiver
	conn      *net.UDPConn
	raw       syscall.RawConn
	connected bool
	domain    int                   // AF_INET or AF_INET6, 0 when that is not known
	owed      atomic.Bool           // an error of an earlier datagram has to be looked for
	recv      func(fd uintptr) bool // made once: a closure for each call would allocate
	got       *message
	err       unix.Errno
}

func newUDPSocket(c *net.UDPConn, to *receiver) (socket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &udpSocket{to: to, conn: c, raw: raw, connected: c.RemoteAddr() != nil}
	s.recv = s.try
	// What fails here leaves a socket that works, and is not told about ports.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_RECVERR, 1)
		_ = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_RECVERR, 1)
		s.domain, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN)
	})
	return s, nil
}

// writeTo tries again when the error was one of an earlier datagram, which the error queue
// tells about: the kernel reports it once, and has sent nothing.
func (s *udpSocket) writeTo(p []byte, destination netip.AddrPort) (n int, err error) {
	if s.owed.Load() && s.owed.Swap(false) {
		s.drain()
	}
	for range 4 {
		if s.connected {
			n, err = s.conn.Write(p)
		} else {
			n, err = s.conn.WriteToUDPAddrPort(p, destination)
		}
		if err == nil || !isPending(err) {
			break
		}
		s.drain()
	}
	return n, err
}

// tryWriteTo leaves errors to writeTo: to tell who is not reachable may take a wait.
func (s *udpSocket) tryWriteTo(p []byte, destination netip.AddrPort) bool {
	a := sendings.Get().(*sending)
	defer sendings.Put(a)
	if s.connected {
		a.length = 0
	} else if !a.address(s.domain, destination) {
		return false
	}
	errno := a.send(s.raw, p)
	if pending(errno) {
		s.owed.Store(true)
	}
	return errno == 0
}

// isPending reports whether an error may be of an earlier datagram. By itself, since what
// As points to is allocated.
func isPending(err error) bool {
	var errno unix.Errno
	return errors.As(err, &errno) && pending(errno)
}

// pending reports whether an errno may be of an earlier datagram (icmp(7)).
func pending(errno unix.Errno) bool {
	switch errno { //nolint:exhaustive // those that ICMP becomes
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.ENONET,
		unix.ENOPROTOOPT, unix.EOPNOTSUPP, unix.EPROTO, unix.EACCES, unix.EMSGSIZE:
		return true
	}
	return false
}

func (s *udpSocket) receive() error {
	if err := s.raw.Read(s.recv); err != nil {
		return s.unpollable(err)
	}
	m := s.got
	s.got = nil
	if m == nil {
		if !pending(s.err) {
			return os.NewSyscallError("recvmsg", s.err)
		}
		s.drain()
		return nil
	}
	err := s.to.deliver(m.bytes(), m.from())
	m.free()
	return err
}

// unpollable is for an error of the wait itself. That of a closed socket stays, and a deadline. Another one
// is the runtime's for a socket that has nothing but errors, and no room to send: it passes.
func (s *udpSocket) unpollable(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	s.drain()
	time.Sleep(10 * time.Millisecond)
	return nil
}

// try receives into a buffer that it takes for the moment.
func (s *udpSocket) try(fd uintptr) bool {
	m := newMessage()
	for {
		s.err = m.receive(fd, 0)
		switch s.err { //nolint:exhaustive // the rest is told
		case unix.EINTR:
			continue
		case 0:
			s.got = m.keep()
			return true
		}
		m.free()
		return s.err != unix.EAGAIN
	}
}

// maxErrors bounds what is read of the error queue at once.
const maxErrors = 64

// drain reads the error queue, and tells who is not reachable.
func (s *udpSocket) drain() {
	var refused []netip.AddrPort
	// Outside of the call, during which Close would wait for it.
	_ = s.raw.Control(func(fd uintptr) {
		m := newMessage()
		defer m.free()
		for range maxErrors {
			if m.receive(fd, unix.MSG_ERRQUEUE) != 0 {
				return
			}
			if m.refused() {
				refused = append(refused, m.from())
			}
		}
	})
	for _, a := range refused {
		s.to.refuse(a)
	}
}
