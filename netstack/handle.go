package netstack

import (
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"github.com/strata-net/strata/tunx"
)

// handlers are those who take what no endpoint of the stack takes.
type handlers struct {
	tcp  atomic.Pointer[tcpHandler]
	udp  atomic.Pointer[func(Datagram)]
	echo atomic.Pointer[func(Echo)]

	outlets outlets
}

// install makes the engine ask the handlers, those there are at that time: it cannot bear a
// change while packets arrive.
func (h *handlers) install(s *Stack) {
	s.engine.SetTransportProtocolHandler(tcp.ProtocolNumber, func(id stack.TransportEndpointID, pkt *stack.PacketBuffer) bool {
		t := h.tcp.Load()
		return t != nil && t.packet(id, pkt)
	})
	s.engine.SetTransportProtocolHandler(udp.ProtocolNumber, s.engineUDP)
	s.engine.SetTransportProtocolHandler(icmp.ProtocolNumber4, s.engineEcho)
	s.engine.SetTransportProtocolHandler(icmp.ProtocolNumber6, s.engineEcho)
}

// close ends the handlers and the requests that are undecided.
func (h *handlers) close() {
	h.udp.Store(nil)
	h.echo.Store(nil)
	if t := h.tcp.Swap(nil); t != nil {
		t.close()
	}
}

// intercept is asked by a link's reader before the engine is given the packet p. When it
// returns true, the packet has been dealt with. p is not kept.
//
// Only what is plain is taken here: no fragments, no options, no unusual addresses. The
// engine checks all others and hands them to the same handlers.
func (s *Stack) intercept(id NICID, p []byte, o tunx.Offload) bool {
	udp, echo := s.handlers.udp.Load(), s.handlers.echo.Load()
	if udp == nil && echo == nil {
		return false
	}
	v, ok := parse(p)
	if !ok || !v.plain() {
		return false
	}
	if at := s.handlers.outlets.get(id); at == nil || !at.promiscuous {
		return false // the engine knows the addresses of the stack
	}
	switch TransportProtocolNumber(v.protocol) {
	case UDP:
		return udp != nil && s.interceptUDP(id, &v, o, *udp)
	case ICMPv4, ICMPv6:
		return echo != nil && s.interceptEcho(id, &v, o, *echo)
	default:
		return false
	}
}
