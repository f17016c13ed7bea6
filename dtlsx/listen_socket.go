package dtlsx

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// bufferSize has room for a datagram of any path but loopback.
const bufferSize = 2048

// socket is what all conns of a listener share.
type socket struct {
	conn  *net.UDPConn
	local *net.UDPAddr
	pool  sync.Pool // *[bufferSize]byte

	// Of the reader.
	control []byte // room for control messages, nil if none are wanted
	source  []byte // what sends from where the last datagram was sent to
}

// openSocket opens the socket of a listener with its options. If anything fails
// nothing stays open.
func openSocket(ctx context.Context, c *ListenConfig) (*socket, error) {
	failed := func(op string, err error) error {
		return &Error{Op: op, Network: c.place.network, Address: c.place.text, Err: err}
	}
	control, all := c.Options.At(sockopt.Bind).Control, sourceRoom > 0 && c.place.all()
	config := net.ListenConfig{Control: func(network, address string, raw syscall.RawConn) error {
		err := control(network, address, raw)
		if err == nil && all {
			err = wantSource(network, address, raw)
		}
		return err
	}}
	conn, err := config.ListenPacket(ctx, c.place.network, c.place.text)
	if err != nil {
		return nil, failed("listen", err)
	}
	s := &socket{conn: conn.(*net.UDPConn), local: conn.LocalAddr().(*net.UDPAddr)}
	if all {
		s.control = make([]byte, sourceRoom)
	}
	if err := s.apply(c.Options); err != nil {
		conn.Close()
		return nil, failed("set option", err)
	}
	return s, nil
}

// apply sets what is set after bind, and reads everything back.
func (s *socket) apply(o sockopt.Options) error {
	if len(o) == 0 {
		return nil
	}
	raw, err := s.conn.SyscallConn()
	if err == nil {
		err = o.At(sockopt.Established).ApplyStage(sockopt.Established, sockopt.NetworkOf(s.local), raw)
	}
	if err == nil {
		err = o.Verify(s.conn)
	}
	return err
}

// read reads a datagram.
func (s *socket) read(b []byte) (n int, from netip.AddrPort, err error) {
	if s.control == nil {
		n, from, err = s.conn.ReadFromUDPAddrPort(b)
	} else {
		var c int
		n, c, _, from, err = s.conn.ReadMsgUDPAddrPort(b, s.control)
		s.source = sourceOf(s.control[:c])
	}
	return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
}

// write sends a datagram, from the address that source says.
func (s *socket) write(b []byte, to netip.AddrPort, source []byte) error {
	var err error
	if source == nil {
		_, err = s.conn.WriteToUDPAddrPort(b, to)
	} else {
		_, _, err = s.conn.WriteMsgUDPAddrPort(b, source, to)
	}
	return err
}

// buffer returns an empty slice with room for n bytes.
func (s *socket) buffer(n int) []byte {
	if n > bufferSize {
		return make([]byte, 0, n)
	}
	if b, ok := s.pool.Get().(*[bufferSize]byte); ok {
		return b[:0]
	}
	return make([]byte, 0, bufferSize)
}

// release takes a buffer back.
func (s *socket) release(b []byte) {
	if cap(b) == bufferSize {
		s.pool.Put((*[bufferSize]byte)(b[:bufferSize]))
	}
}
