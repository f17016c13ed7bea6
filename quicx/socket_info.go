package quicx

import (
	"net/netip"

	"github.com/strata-net/strata/sockopt"
)

// SocketInfo says how a UDP socket is, as the kernel has it at the moment.
type SocketInfo struct {
	// Network is "udp4" or "udp6". An IPv6 socket at [::] that was not opened as
	// udp6 takes IPv4 as well.
	Network string
	// Addr is the local address. An unspecified IP is any address of the machine.
	Addr netip.AddrPort
	// Conns is how many conns send from the socket.
	Conns int
	// ReceiveBuffer and SendBuffer are SO_RCVBUF and SO_SNDBUF, in bytes, 0 where
	// they cannot be read. Linux says twice what was set, for its bookkeeping.
	ReceiveBuffer, SendBuffer int
	// GSO tells whether several packets go to the kernel in one call
	// (UDP_SEGMENT): Linux 5.0 or newer, unless QUIC_GO_DISABLE_GSO is set in the
	// environment. A network interface may lack it all the same: then quic-go
	// falls back conn by conn, which quic.ConnectionState.GSO tells.
	GSO bool
	// ECN tells whether the marks of congested routers (RFC 9000, section 13.4)
	// are sent and read: Linux 5.0, macOS, FreeBSD, unless QUIC_GO_DISABLE_ECN is
	// set in the environment. A path may lose them; quic-go notices.
	ECN bool
}

// info reads the socket. Of one that is closed it knows the address only.
func (s *socket) info() SocketInfo {
	ap := netip.AddrPort{}
	if a, err := netip.ParseAddrPort(s.udp.LocalAddr().String()); err == nil {
		ap = a
	}
	return SocketInfo{
		Network:       sockopt.NetworkOf(s.udp.LocalAddr()),
		Addr:          ap,
		ReceiveBuffer: buffers[0].size(s.udp),
		SendBuffer:    buffers[1].size(s.udp),
		GSO:           s.gso(),
		ECN:           s.ecn(),
	}
}
