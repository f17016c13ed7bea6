package tunx

import (
	"net"
	"net/netip"
	"sync/atomic"
)

// packetSocket is a socket of which nothing is known.
type packetSocket struct {
	to     *receiver
	conn   net.PacketConn
	last   atomic.Pointer[destination]
	buffer []byte
	errors int // in a row
}

// destination is where the last datagram went, in both shapes.
type destination struct {
	to   netip.AddrPort
	addr net.Addr
}

func (s *packetSocket) writeTo(p []byte, to netip.AddrPort) (int, error) {
	d := s.last.Load()
	if d == nil || d.to != to {
		d = &destination{to, net.UDPAddrFromAddrPort(to)}
		s.last.Store(d)
	}
	return s.conn.WriteTo(p, d.addr)
}

func (s *packetSocket) receive() error {
	if s.buffer == nil {
		s.buffer = make([]byte, maxPacket)
	}
	n, from, err := s.conn.ReadFrom(s.buffer)
	if err != nil {
		s.errors++
		if d := s.last.Load(); d != nil && isRefused(err) && s.errors < maxErrorsInRow {
			s.to.refuse(d.to) // the best guess: most sessions have one destination
			return nil
		}
		return err
	}
	s.errors = 0
	return s.to.deliverFrom(s.buffer[:n], from)
}
