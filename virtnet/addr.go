package virtnet

import (
	"net"
	"strconv"

	"github.com/strata-net/strata/virtnet/internal/hostport"
)

// Addr is the address of an endpoint on a virtual network. It is a [net.Addr].
type Addr struct {
	Net  string // full name of the network, for instance "pipeα"
	Host string // name of the host on it
	Port int    // 1 and up; 0 is never a socket's, and asks Listen for the first free port
}

// ParseAddr reads "host:port" as an address of the named network. The port is 0
// to 65535; the host may be empty, which Listen and Dial take for the host itself.
// The error is a [*net.AddrError], "invalid port" for what is no such port.
//
// A host with more than 65,535 sockets has ports beyond. ParseAddr does not read
// these, but [Host.Dial] and [Host.Listen] do.
func ParseAddr(network, addr string) (*Addr, error) {
	return parse(network, addr, 65535)
}

func parse(network, addr string, limit int) (*Addr, error) {
	host, port, err := hostport.Parse(addr, limit)
	if err != nil {
		return nil, err
	}
	return &Addr{Net: network, Host: host, Port: port}, nil
}

// Network returns the full name of the network.
func (a *Addr) Network() string { return a.Net }

// String returns "host:port", in the form that [ParseAddr] reads.
func (a *Addr) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }
