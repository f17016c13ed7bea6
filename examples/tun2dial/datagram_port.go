package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/strata-net/strata/tunx"
)

// A datagramPort is a socket whose datagrams go to one target, and the answers back to
// those who asked.
type datagramPort struct {
	socket   *net.UDPConn
	sessions *tunx.Sessions
	target   netip.AddrPort
	group    sync.WaitGroup
}

// forwardUDP opens a socket that stands for a target behind the stacks.
func (r *rootless) forwardUDP(w forwarded) (netip.AddrPort, error) {
	target, err := netip.ParseAddrPort(w.target)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("-forward: %w", err)
	}
	target = netip.AddrPortFrom(r.names.address(target.Addr().String()), target.Port())
	proxy, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFunc(func(context.Context) (net.PacketConn, error) {
		return r.stack.ListenPacket(network(target), ":0")
	}))
	if err != nil {
		return netip.AddrPort{}, err
	}
	p := &datagramPort{target: target}
	p.sessions, err = tunx.NewSessions(proxy, p.answer, nil)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if err := p.listen(w.local); err != nil {
		return netip.AddrPort{}, errors.Join(fmt.Errorf("-forward: %w", err), p.sessions.Close())
	}
	r.opened = append(r.opened, p)
	return p.socket.LocalAddr().(*net.UDPAddr).AddrPort(), nil
}

// network is udp in the version of an address.
func network(a netip.AddrPort) string {
	if a.Addr().Is4() {
		return "udp4"
	}
	return "udp6"
}

func (p *datagramPort) listen(local string) error {
	a, err := netip.ParseAddrPort(local)
	if err != nil {
		return err
	}
	if p.socket, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(a)); err != nil {
		return err
	}
	p.group.Go(p.receive)
	return nil
}

func (p *datagramPort) receive() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := p.socket.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_ = p.sessions.WriteTo(buf[:n], from, p.target) // lost, as datagrams are
		}
	}
}

// answer sends an answer to the client.
func (p *datagramPort) answer(b []byte, _, client netip.AddrPort) error {
	_, err := p.socket.WriteToUDPAddrPort(b, client)
	return err
}

// Close ends all sessions.
func (p *datagramPort) Close() error {
	err := p.socket.Close()
	p.group.Wait()
	return errors.Join(err, p.sessions.Close())
}
