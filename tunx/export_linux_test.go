package tunx

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Unpollable is what a socket makes of an error of its wait.
func Unpollable(c *net.UDPConn, err error) error {
	s, fail := newUDPSocket(c, new(receiver))
	if fail != nil {
		return fail
	}
	return s.(*udpSocket).unpollable(err)
}

// TrySend sends to the peer of a socket without waiting.
func TrySend(c syscall.RawConn, p []byte) unix.Errno {
	a := sendings.Get().(*sending)
	defer sendings.Put(a)
	a.length = 0
	return a.send(c, p)
}

// Refused reads what the error queue says; only so much of it as there is room for.
func Refused(control []byte) bool {
	var m message
	m.header.SetControllen(copy(m.control[:], control))
	return m.refused()
}
