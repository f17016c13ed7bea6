package udpbatch

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/strata-net/strata/listener/internal/cmsg"
)

var errNoAddr = errors.New("it has no Addr, and the Conn is not connected")

// destination returns where the message goes, unmapped.
func (c *Conn) destination(m *Message) (netip.AddrPort, error) {
	if c.connected() {
		return c.remote, nil
	}
	if !m.Addr.IsValid() {
		return netip.AddrPort{}, errNoAddr
	}
	to := unmap(m.Addr)
	if !c.v6 && !to.Addr().Is4() {
		return to, &net.AddrError{Err: "not an IPv4 address, as the socket is", Addr: to.String()}
	}
	return to, nil
}

// control appends the control messages that the message needs to be sent.
func (c *Conn) control(b []byte, m *Message, to netip.Addr) ([]byte, error) {
	v6 := cmsg.Level6(c.v6, to)
	if m.Local.IsValid() || m.Interface != 0 {
		local := m.Local.Unmap()
		if local.IsValid() && local.Is4() != to.Is4() {
			return b, fmt.Errorf("source %s does not fit destination %s", m.Local, to)
		}
		b = cmsg.AppendSource(b, v6, local, m.Interface)
	}
	if m.ECN > 3 {
		return b, fmt.Errorf("ECN %d is not from 0 to 3", m.ECN)
	}
	if m.ECN != 0 {
		tos := c.tos4
		if v6 {
			tos = c.tos6
		}
		b = cmsg.AppendTOS(b, v6, tos&^3|int(m.ECN))
	}
	return b, nil
}

// readTOS remembers the type of service, whose two lowest bits a Message sets.
func (c *Conn) readTOS() error {
	var err4, err6 error
	err := c.raw.Control(func(fd uintptr) {
		if !cmsg.Level6(c.v6, netip.IPv4Unspecified()) {
			c.tos4, err4 = cmsg.TOS(fd, false)
		}
		if c.v6 {
			c.tos6, err6 = cmsg.TOS(fd, true)
		}
	})
	return errors.Join(err, err4, err6)
}
