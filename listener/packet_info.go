package listener

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"

	"github.com/strata-net/strata/listener/internal/cmsg"
)

// PacketInfo is what is known of a datagram beside its data. What [ReadPacket]
// filled can be given to [WritePacket]: the answer goes to the sender, from the
// address that the sender had chosen.
type PacketInfo struct {
	// Addr is the peer. IPv4 addresses come as such, never mapped into IPv6.
	Addr netip.AddrPort

	// Local is the address here: the destination of a datagram that was
	// received, if PacketConfig.Destination asked for it, and the source of one
	// to send. The zero Addr leaves the source to the system. It has no zone:
	// Interface says the link.
	Local netip.Addr

	// Interface is the index of the interface that a datagram came in by, if
	// PacketConfig.Destination asked for it, and of the one to send it by. 0
	// leaves the choice to the routes. FreeBSD ignores it when it sends over
	// IPv4.
	Interface int

	// HopLimit is that of a datagram received, or its time to live, if
	// PacketConfig.HopLimit asked for it. WritePacket does not use it.
	HopLimit int

	// ECN is the two bits of Explicit Congestion Notification (RFC 3168):
	// 0 not capable, 1 and 2 capable, 3 congestion experienced. Received if
	// PacketConfig.ECN asked for it. WritePacket sends a datagram whose ECN is
	// not 0 with it and a DSCP of 0, and otherwise as IP_TOS and IPV6_TCLASS
	// say. An answer has bits of its own: set it to 0 before one.
	ECN byte

	// Truncated says that the datagram was longer than the buffer and its end
	// is lost, or that options made its metadata longer than there is room for.
	Truncated bool
}

// ReadPacket reads one datagram from a UDP conn of [NewPacketConn], or of
// package net, into b. It allocates nothing. With other conns it is an error
// that is errors.ErrUnsupported.
//
// Where the platform does not deliver metadata the other fields than Addr stay
// zero, and a datagram that was cut is an error, as package net has it.
func ReadPacket(c net.PacketConn, b []byte) (n int, m PacketInfo, err error) {
	udp, err := packetUDP("read", c)
	if err != nil {
		return 0, m, err
	}
	var room [cmsg.Room]byte
	var flags, oob int
	if cmsg.Supported {
		n, oob, flags, m.Addr, err = udp.ReadMsgUDPAddrPort(b, room[:])
	} else {
		n, m.Addr, err = udp.ReadFromUDPAddrPort(b)
	}
	m.Addr = netip.AddrPortFrom(m.Addr.Addr().Unmap(), m.Addr.Port())
	if err != nil {
		return n, m, packetFailed("read", udp, err)
	}
	var i cmsg.Info
	m.Truncated = flags&cmsg.Cut != 0
	if oob > 0 && cmsg.Parse(room[:oob], &i) != nil {
		m.Truncated = true
	}
	m.Local, m.Interface, m.HopLimit, m.ECN = i.Local, i.Interface, i.HopLimit, i.ECN
	return n, m, nil
}

// WritePacket sends b to m.Addr over a UDP conn: from m.Local and by
// m.Interface, where they are set, which needs Linux, macOS or FreeBSD. It
// allocates nothing.
func WritePacket(c net.PacketConn, b []byte, m PacketInfo) (n int, err error) {
	udp, err := packetUDP("write", c)
	if err != nil {
		return 0, err
	}
	if !m.Local.IsValid() && m.Interface == 0 && m.ECN == 0 {
		n, err = udp.WriteToUDPAddrPort(b, m.Addr)
	} else {
		n, err = writeRoute(udp, b, m)
	}
	if err != nil {
		e := packetFailed("write", udp, err)
		e.Address = m.Addr.String()
		return n, e
	}
	return n, nil
}

func writeRoute(udp *net.UDPConn, b []byte, m PacketInfo) (int, error) {
	if !cmsg.Supported {
		return 0, fmt.Errorf("%w: choice of source, interface or ECN for a datagram on %s", errors.ErrUnsupported, runtime.GOOS)
	}
	if !m.Addr.IsValid() {
		return 0, errors.New("the destination is the zero AddrPort")
	}
	var room [cmsg.Room]byte
	v6 := len(udp.LocalAddr().(*net.UDPAddr).IP) == net.IPv6len
	r := cmsg.Route{Local: m.Local, Interface: m.Interface, ECN: m.ECN}
	control, err := cmsg.AppendRoute(room[:0], v6, m.Addr.Addr().Unmap(), r, 0, 0)
	if err != nil {
		return 0, err
	}
	n, _, err := udp.WriteMsgUDPAddrPort(b, control, m.Addr)
	return n, err
}

// packetUDP returns the conn as one that has control messages.
func packetUDP(op string, c net.PacketConn) (*net.UDPConn, error) {
	if udp, ok := c.(*net.UDPConn); ok && udp != nil {
		return udp, nil
	}
	return nil, &Error{Op: op, Err: fmt.Errorf("%w: %T is not a *net.UDPConn", errors.ErrUnsupported, c)}
}

func packetFailed(op string, udp *net.UDPConn, err error) *Error {
	e := &Error{Op: op, Network: "udp", Err: err}
	if local := udp.LocalAddr(); local != nil {
		e.Address = local.String()
	}
	return e
}
