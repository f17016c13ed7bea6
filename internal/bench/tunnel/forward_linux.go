package main

import (
	"errors"
	"net"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/tun"
)

// deviceOf opens the client's TUN with tunx/tun.
func deviceOf(s *spaces, offload bool) (*tun.Device, error) {
	d, err := tun.Open(&tun.Config{Name: tunName, MTU: tunMTU, Netns: s.client.Path(), NoOffload: !offload})
	if err != nil {
		return nil, err
	}
	if err := inClient(s.client); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// openForward is the forwarder on a TUN: it dials the server directly.
func openForward(offload bool) func(*spaces) (*ends, error) {
	return func(s *spaces) (*ends, error) {
		d, err := deviceOf(s, offload)
		if err != nil {
			return nil, err
		}
		packets, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ""))
		if err != nil {
			return nil, err
		}
		_, err = forward.New(d, &forward.Config{Streams: tunx.StreamDialerFrom(&net.Dialer{}), Packets: packets})
		return &ends{}, err
	}
}
