package sockopt

import (
	"net"
	"strings"
)

// Networks is a set of the kinds of sockets that an option works on.
type Networks uint16

// The kinds of sockets.
const (
	TCP4       Networks = 1 << iota // TCP over IPv4
	TCP6                            // TCP over IPv6
	UDP4                            // UDP over IPv4
	UDP6                            // UDP over IPv6
	IP4                             // raw IPv4
	IP6                             // raw IPv6
	Unix                            // unix stream
	Unixgram                        // unix datagram
	Unixpacket                      // unix sequenced packets
	MPTCP                           // Multipath TCP, RFC 8684; always with TCP4 or TCP6
)

const (
	tcp   = TCP4 | TCP6
	udp   = UDP4 | UDP6
	raw   = IP4 | IP6
	inet  = tcp | udp | raw
	inet4 = TCP4 | UDP4 | IP4
	inet6 = TCP6 | UDP6 | IP6
	local = Unix | Unixgram | Unixpacket
	other = 1 << 15 // a socket of a family that package net does not know
	every = inet | local | MPTCP | other
)

var networkNames = [...]string{
	"tcp4", "tcp6", "udp4", "udp6", "ip4", "ip6", "unix", "unixgram", "unixpacket", "mptcp",
}

// String returns the names that package net has for the networks, space separated, and "mptcp".
func (n Networks) String() string {
	var names []string
	for i, name := range networkNames {
		if n&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// networksOf returns the sockets that a network of package net stands for: "tcp" is TCP over IPv4 and IPv6,
// "ip4:icmp" is raw IPv4. It is 0 for a network that package net does not know.
func networksOf(network string) Networks {
	switch network {
	case "tcp":
		return tcp
	case "tcp4":
		return TCP4
	case "tcp6":
		return TCP6
	case "udp":
		return udp
	case "udp4":
		return UDP4
	case "udp6":
		return UDP6
	case "unix":
		return Unix
	case "unixgram":
		return Unixgram
	case "unixpacket":
		return Unixpacket
	}
	switch base, _, _ := strings.Cut(network, ":"); base {
	case "ip":
		return raw
	case "ip4":
		return IP4
	case "ip6":
		return IP6
	}
	return 0
}

// NetworkOf returns the network of a socket of package net by its local address, with the version of IP: "tcp4", "udp6",
// "unix". It is what [Options.ApplyStage] wants. Package net gives the address of an AF_INET socket 4 bytes and that of
// an AF_INET6 socket 16, also when the latter holds an IPv4 address.
func NetworkOf(local net.Addr) string {
	switch a := local.(type) {
	case *net.TCPAddr:
		return byVersion(a.IP, "tcp4", "tcp6")
	case *net.UDPAddr:
		return byVersion(a.IP, "udp4", "udp6")
	case *net.IPAddr:
		return byVersion(a.IP, "ip4", "ip6")
	}
	return local.Network()
}

func byVersion(ip net.IP, v4, v6 string) string {
	if len(ip) == net.IPv4len {
		return v4
	}
	return v6
}
