package main

import (
	"context"
	"net"
	"net/netip"
	"strconv"

	"github.com/strata-net/strata/tunx"
)

// namedStreams dials what addresses stand for.
type namedStreams struct {
	tunx.StreamDialer

	names *names
}

// DialStream dials the name of an address.
func (d *namedStreams) DialStream(ctx context.Context, address string) (tunx.StreamConn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	return d.StreamDialer.DialStream(ctx, net.JoinHostPort(d.names.host(to.Addr()), portText(to)))
}

func portText(a netip.AddrPort) string { return strconv.Itoa(int(a.Port())) }

// namedPackets sends datagrams to what addresses stand for, if that is an address.
type namedPackets struct {
	tunx.PacketProxy

	names *names
}

// NewSession begins a session.
func (p *namedPackets) NewSession(r tunx.PacketResponseReceiver) (tunx.PacketRequestSender, error) {
	s, err := p.PacketProxy.NewSession(&namedReceiver{r, p.names})
	if err != nil {
		return nil, err
	}
	return &namedSender{s, p.names}, nil
}

type namedSender struct {
	tunx.PacketRequestSender

	names *names
}

// WriteTo sends to the true address.
func (s *namedSender) WriteTo(p []byte, to netip.AddrPort) (int, error) {
	ip, err := netip.ParseAddr(s.names.host(to.Addr()))
	if err != nil { // a name: datagrams have none
		return 0, tunx.ErrPortUnreachable
	}
	return s.PacketRequestSender.WriteTo(p, netip.AddrPortFrom(ip, to.Port()))
}

type namedReceiver struct {
	tunx.PacketResponseReceiver

	names *names
}

// WriteFrom delivers an answer with the address that the client knows.
func (r *namedReceiver) WriteFrom(p []byte, from net.Addr) (int, error) {
	u, ok := from.(*net.UDPAddr)
	if !ok {
		return r.PacketResponseReceiver.WriteFrom(p, from)
	}
	a := u.AddrPort()
	known := netip.AddrPortFrom(r.names.known(a.Addr().Unmap()), a.Port())
	return r.PacketResponseReceiver.WriteFrom(p, net.UDPAddrFromAddrPort(known))
}
