package main

import (
	"errors"
	"net"
	"net/netip"
	"strconv"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// nic is the only one of a stack.
const nic netstack.NICID = 1

// openStackTUN is netstack on a TUN: its listeners and conns are the server.
func openStackTUN(offload bool) func(*spaces) (*ends, error) {
	return func(s *spaces) (*ends, error) {
		d, err := deviceOf(s, offload)
		if err != nil {
			return nil, err
		}
		n, err := newStack(d, tunneled)
		if err != nil {
			return nil, err
		}
		return &ends{listen: listenOn(n)}, nil
	}
}

// openStackPipe is two stacks over a pipe.
func openStackPipe(*spaces) (*ends, error) {
	a, b := tunx.Pipe(tunMTU)
	client, errClient := newStack(a, "10.98.0.1")
	server, errServer := newStack(b, tunneled)
	if err := errors.Join(errClient, errServer); err != nil {
		return nil, err
	}
	return &ends{listen: listenOn(server), dial: client.Dial}, nil
}

func newStack(d tunx.IPDevice, address string) (*netstack.Stack, error) {
	s, err := netstack.New(nil)
	if err != nil {
		return nil, err
	}
	if err = s.CreateNIC(nic, d); err != nil {
		return nil, err
	}
	if err = s.AddAddress(nic, netip.MustParsePrefix(address+"/24")); err != nil {
		return nil, err
	}
	err = s.SetRouteTable([]netstack.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), NIC: nic}})
	return s, err
}

func listenOn(s *netstack.Stack) listenFunc {
	return func() (net.Listener, net.PacketConn, error) {
		address := ":" + strconv.Itoa(port)
		l, errTCP := s.Listen("tcp4", address)
		p, errUDP := s.ListenPacket("udp4", address)
		return l, p, errors.Join(errTCP, errUDP)
	}
}
