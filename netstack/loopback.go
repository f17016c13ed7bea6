package netstack

import (
	"io"
	"net/netip"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/strata-net/strata/tunx"
)

// Loopback is the device of a stack's own 127.0.0.0/8 and ::1. A NIC made of it has
// 127.0.0.1/8 and ::1/128, and needs no rows in the route table. Each stack has its own:
// nothing goes from one to another. Outside of a stack it does nothing: Read returns
// [io.EOF], Write [ErrNotSupported].
var Loopback tunx.IPDevice = loopback{}

type loopback struct{}

func (loopback) Close() error { return nil }

func (loopback) Read([]byte) (int, error) { return 0, io.EOF }

func (loopback) Write([]byte) (int, error) { return 0, ErrNotSupported }

func (loopback) MTU() int { return maxPacket }

// comesBack reports whether the packet is for the NIC itself. The engine could see to that,
// but then takes nothing from promiscuous NICs, for which every source is their own.
func (l *link) comesBack(pkt *stack.PacketBuffer) bool {
	if l.loop {
		return true
	}
	if l.own.Load() == nil {
		return false
	}
	_, dst := addresses(networkHeader(pkt))
	return l.isOwn(dst)
}

// isOwn reports whether packets to an address come back.
func (l *link) isOwn(dst tcpip.Address) bool {
	own := l.own.Load()
	return l.loop || own != nil && slices.Contains(*own, dst)
}

// networkHeader returns the IP header of a packet, also of one that was made past the engine,
// which has not taken it apart.
func networkHeader(pkt *stack.PacketBuffer) []byte {
	h := pkt.NetworkHeader().Slice()
	if len(h) == 0 {
		data := pkt.Data()
		h, _ = data.PullUp(min(data.Size(), headerIPv6))
	}
	return h
}

// fromSelf reports whether a packet from outside says that it comes from the NIC itself.
func (l *link) fromSelf(p []byte) bool {
	own := l.own.Load()
	if own == nil {
		return false
	}
	src, _ := addresses(p)
	return slices.Contains(*own, src)
}

// loopBack delivers the packet as if it had been received.
func (l *link) loopBack(pkt *stack.PacketBuffer) {
	size := pkt.Size()
	if l.s.config.Forwarding && !l.mine(pkt) {
		l.stats.sent(size, nil)
		l.stats.rxDropped.Add(1)
		return
	}
	back := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: pkt.ToBuffer()})
	defer back.DecRef()
	l.stats.sent(size, nil)
	l.stats.received(size)
	l.deliver(back, true)
}

// mine reports whether the engine will not pass on the packet that comes back: a route may
// lead here that is for nobody.
func (l *link) mine(pkt *stack.PacketBuffer) bool {
	_, dst := addresses(networkHeader(pkt))
	a, _ := netip.AddrFromSlice(dst.AsSlice())
	return a.IsMulticast() || a == broadcast || l.s.isLocal(a)
}

// addresses returns the source and the destination of an IP packet.
func addresses(p []byte) (src, dst tcpip.Address) {
	switch {
	case header.IPVersion(p) == header.IPv4Version && len(p) >= header.IPv4MinimumSize:
		return header.IPv4(p).SourceAddress(), header.IPv4(p).DestinationAddress()
	case header.IPVersion(p) == header.IPv6Version && len(p) >= header.IPv6MinimumSize:
		return header.IPv6(p).SourceAddress(), header.IPv6(p).DestinationAddress()
	}
	return src, dst
}
