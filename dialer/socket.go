package dialer

import (
	"net"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// apply sets the established stage. It takes the raw conn because Options.Apply
// would have to ask the kernel what is known here.
func apply(o sockopt.Options, network string, conn net.Conn) error {
	raw, err := conn.(syscall.Conn).SyscallConn() // all conns of net have it
	if err != nil {
		return err
	}
	return o.ApplyStage(sockopt.Established, socketNetwork(conn.LocalAddr(), network), raw)
}

// socketNetwork adds the IP version of the socket to a network. Package net
// gives the address of an AF_INET socket 4 bytes and that of an AF_INET6
// socket 16, also when the latter holds an IPv4 address.
func socketNetwork(a net.Addr, network string) string {
	switch a := a.(type) {
	case *net.TCPAddr:
		return byVersion(a.IP, "tcp4", "tcp6")
	case *net.UDPAddr:
		return byVersion(a.IP, "udp4", "udp6")
	case *net.IPAddr:
		return byVersion(a.IP, "ip4", "ip6")
	}
	return network
}

func byVersion(ip net.IP, v4, v6 string) string {
	if len(ip) == net.IPv4len {
		return v4
	}
	return v6
}
