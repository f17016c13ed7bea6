package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// openGonetTUN is gVisor as it comes: its stack, its link to a TUN and its conns, all with default options.
func openGonetTUN(s *spaces) (*ends, error) {
	f, err := rawTUN(s.client, false)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Dup(int(f.Fd())) // Fd lets reads block, which the link does not want
	if err != nil {
		return nil, errors.Join(os.NewSyscallError("dup", err), f.Close())
	}
	if err := errors.Join(unix.SetNonblock(fd, true), f.Close(), inClient(s.client)); err != nil {
		return nil, err
	}
	link, err := fdbased.New(&fdbased.Options{FDs: []int{fd}, MTU: tunMTU})
	if err != nil {
		return nil, err
	}
	g, err := newGonet(link, tunneled)
	if err != nil {
		return nil, err
	}
	return &ends{listen: g.listen}, nil
}

// openGonetPipe is two stacks of gVisor over its own link between two.
func openGonetPipe(*spaces) (*ends, error) {
	a, b := pipe.New("", "", tunMTU)
	client, errClient := newGonet(a, "10.98.0.1")
	server, errServer := newGonet(b, tunneled)
	if err := errors.Join(errClient, errServer); err != nil {
		return nil, err
	}
	return &ends{listen: server.listen, dial: client.dial}, nil
}

type gonetStack struct {
	*stack.Stack
	local tcpip.FullAddress
}

func newGonet(link stack.LinkEndpoint, address string) (*gonetStack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
	})
	if err := s.CreateNIC(1, link); err != nil {
		return nil, fmt.Errorf("gVisor: create a NIC: %s", err)
	}
	a := tcpip.AddrFrom4(netip.MustParseAddr(address).As4())
	protocol := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: a.WithPrefix()}
	if err := s.AddProtocolAddress(1, protocol, stack.AddressProperties{}); err != nil {
		return nil, fmt.Errorf("gVisor: add %s: %s", address, err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}})
	return &gonetStack{s, tcpip.FullAddress{NIC: 1, Addr: a, Port: port}}, nil
}

func (g *gonetStack) listen() (net.Listener, net.PacketConn, error) {
	l, errTCP := gonet.ListenTCP(g.Stack, g.local, ipv4.ProtocolNumber)
	p, errUDP := gonet.DialUDP(g.Stack, &g.local, nil, ipv4.ProtocolNumber)
	return l, p, errors.Join(errTCP, errUDP)
}

func (g *gonetStack) dial(network, address string) (net.Conn, error) {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	to := tcpip.FullAddress{NIC: 1, Addr: tcpip.AddrFrom4(a.Addr().As4()), Port: a.Port()}
	if strings.HasPrefix(network, "udp") {
		return gonet.DialUDP(g.Stack, nil, &to, ipv4.ProtocolNumber)
	}
	return gonet.DialTCP(g.Stack, to, ipv4.ProtocolNumber)
}
