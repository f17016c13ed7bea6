package udpbatch

import (
	"errors"
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
	r := cmsg.Route{Local: m.Local, Interface: m.Interface, ECN: m.ECN}
	return cmsg.AppendRoute(b, c.v6, to, r, c.tos4, c.tos6)
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
