package udpbatch

import (
	"net/netip"

	"github.com/strata-net/strata/listener/internal/cmsg"
)

// single receives and sends one datagram a call, by means of package net.
type single struct {
	conn    *Conn
	buffer  []byte
	control []byte
	n       int
	cut     bool
	from    netip.AddrPort
	info    cmsg.Info
	zones   zones
}

func newSingle(c *Conn) *single {
	// The whole of any datagram, so that the platform's way to say that one was
	// cut does not matter.
	s := &single{conn: c, buffer: make([]byte, 1<<16)}
	if c.config.want().Any() {
		s.control = make([]byte, cmsg.Room)
	}
	return s
}

func (s *single) receive() (int, error) {
	var err error
	var oobn, flags int
	if s.control == nil {
		s.n, s.from, err = s.conn.udp.ReadFromUDPAddrPort(s.buffer)
	} else {
		s.n, oobn, flags, s.from, err = s.conn.udp.ReadMsgUDPAddrPort(s.buffer, s.control)
	}
	if err != nil {
		return 0, err
	}
	s.info = cmsg.Info{}
	s.cut = flags&cmsg.Cut != 0
	if oobn > 0 && cmsg.Parse(s.control[:oobn], &s.info) != nil {
		s.cut = true
	}
	return 1, nil
}

func (s *single) message(_ int, m *Message) int {
	size := min(s.n, s.conn.config.MaxDatagram)
	*m = Message{
		Data: s.buffer[:size], Addr: s.zones.decimal(unmap(s.from)),
		Local: s.info.Local, Interface: s.info.Interface, ECN: s.info.ECN, HopLimit: s.info.HopLimit,
		Truncated: s.cut || size < s.n,
	}
	return 0
}

// send sends the messages one by one.
func (s *single) send(ms []Message) (int, error) {
	for i := range ms {
		if err := s.send1(&ms[i]); err != nil {
			return i, err
		}
	}
	return len(ms), nil
}

func (s *single) send1(m *Message) error {
	to, err := s.conn.destination(m)
	if err != nil {
		return err
	}
	// Package net sends to a zone that it does not know as if there was none.
	if _, err := s.zones.names.index(to.Addr()); err != nil {
		return err
	}
	if m.Local.IsValid() || m.Interface != 0 || m.ECN != 0 {
		return s.sendWith(m, to)
	}
	if s.conn.connected() {
		_, err = s.conn.udp.Write(m.Data)
	} else {
		_, err = s.conn.udp.WriteToUDPAddrPort(m.Data, to)
	}
	return err
}

// sendWith sends with control messages.
func (s *single) sendWith(m *Message, to netip.AddrPort) error {
	if !cmsg.Supported {
		return lacking("choice of source, interface or ECN for a datagram")
	}
	control, err := s.conn.control(s.control[:0], m, to.Addr())
	if err != nil {
		return err
	}
	if s.conn.connected() {
		_, _, err = s.conn.udp.WriteMsgUDP(m.Data, control, nil)
	} else {
		_, _, err = s.conn.udp.WriteMsgUDPAddrPort(m.Data, control, to)
	}
	return err
}
