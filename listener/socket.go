package listener

import (
	"net"
	"strings"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// rawConn returns the raw conn of a socket; all listeners and conns of package
// net have one.
func rawConn(socket any) (syscall.RawConn, error) {
	return socket.(syscall.Conn).SyscallConn()
}

// applyStage sets the options of one stage. It takes the raw conn because
// Options.Apply would have to ask the kernel what is known here.
func applyStage(stage sockopt.Stage, o sockopt.Options, network string, local net.Addr, raw syscall.RawConn) error {
	if len(o) == 0 {
		return nil
	}
	return o.ApplyStage(stage, socketNetwork(local, network), raw)
}

// socketNetwork adds the IP version of the socket to a network. Package net
// gives the address of an AF_INET socket 4 bytes and that of an AF_INET6
// socket 16, also when the latter holds an IPv4 address.
func socketNetwork(a net.Addr, network string) string {
	var ip net.IP
	switch a := a.(type) {
	case *net.TCPAddr:
		ip = a.IP
	case *net.UDPAddr:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	default:
		return network
	}
	protocol := strings.TrimRight(network, "46")
	if len(ip) == net.IPv4len {
		return protocol + "4"
	}
	return protocol + "6"
}
