package netstack

import (
	"encoding/binary"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"github.com/strata-net/strata/tunx"
)

// Datagram is a UDP datagram that is no endpoint's.
type Datagram struct {
	NIC      NICID // where it came in, or goes out; 0 asks the route table
	Src, Dst netip.AddrPort
	Payload  []byte
}

// HandleUDP hands every UDP datagram that no endpoint takes to h, whole: reassembled, with a
// checksum that was found right. nil ends that. The NIC has to be [Promiscuous] for those
// that are not for an address of the stack.
//
// h is called by the device's reader: it must not wait, nor keep the payload.
func (s *Stack) HandleUDP(h func(Datagram)) {
	if h == nil {
		s.handlers.udp.Store(nil)
		return
	}
	s.handlers.udp.Store(&h)
}

// interceptUDP hands on the datagrams of v. What is wrong with them the engine may count.
func (s *Stack) interceptUDP(id NICID, v *packet, o tunx.Offload, h func(Datagram)) bool {
	t := v.transport
	if len(t) < headerUDP {
		return false
	}
	d := Datagram{
		NIC: id, Src: netip.AddrPortFrom(v.src, binary.BigEndian.Uint16(t)),
		Dst: netip.AddrPortFrom(v.dst, binary.BigEndian.Uint16(t[2:])),
	}
	length := int(binary.BigEndian.Uint16(t[4:]))
	if o.Segment != 0 {
		length = len(t) // the length in the header is that of all, or of one datagram
	}
	if length < headerUDP || length > len(t) || d.Dst.Port() == 0 || s.hasEndpoint(id, d) {
		return false
	}
	if !o.NeedsChecksum && !o.ChecksumValidated && !validUDP(v, t[:length]) {
		return false
	}
	for rest := t[headerUDP:length]; ; {
		n := len(rest)
		if o.Segment != 0 {
			n = min(n, int(o.Segment))
		}
		d.Payload, rest = rest[:n:n], rest[n:]
		h(d)
		if len(rest) == 0 {
			return true
		}
	}
}

// validUDP checks the checksum. Zero is none, which only IPv4 allows.
func validUDP(v *packet, t []byte) bool {
	if t[6] == 0 && t[7] == 0 {
		return v.src.Is4()
	}
	return sum16(t, pseudo(v.src, v.dst, uint8(UDP), len(t))) == 0xffff
}

// hasEndpoint says that an endpoint of the stack waits for d.
func (s *Stack) hasEndpoint(id NICID, d Datagram) bool {
	return s.engine.FindTransportEndpoint(protocolOf(d.Dst.Addr()), udp.ProtocolNumber, stack.TransportEndpointID{
		LocalAddress: engineAddr(d.Dst.Addr()), LocalPort: d.Dst.Port(),
		RemoteAddress: engineAddr(d.Src.Addr()), RemotePort: d.Src.Port(),
	}, tcpip.NICID(id)) != nil
}

// engineUDP hands on what came through the engine: what was fragmented or had options.
func (s *Stack) engineUDP(id stack.TransportEndpointID, pkt *stack.PacketBuffer) bool {
	h := s.handlers.udp.Load()
	if h == nil {
		return false
	}
	net := pkt.Network()
	lengthValid, sumValid := header.UDPValid(pkt.TransportHeader().Slice(),
		func() uint16 { return pkt.Data().Checksum() }, uint16(pkt.Data().Size()), pkt.NetworkProtocolNumber, //nolint:gosec // reassembled packets have at most 65535 bytes
		net.SourceAddress(), net.DestinationAddress(), pkt.RXChecksumValidated)
	if !lengthValid || !sumValid {
		return false // the engine counts it
	}
	payload := pkt.Data().AsRange().ToView()
	defer payload.Release()
	n := int(header.UDP(pkt.TransportHeader().Slice()).Length()) - headerUDP
	(*h)(Datagram{
		NIC: NICID(pkt.NICID), Src: netAddrPort(id.RemoteAddress, id.RemotePort), Dst: netAddrPort(id.LocalAddress, id.LocalPort),
		Payload: payload.AsSlice()[:n],
	})
	return true
}

// SendUDP sends d past the endpoints: from any address, also from one that is not the
// stack's. What is longer than the device's MTU goes in fragments. It waits for the device,
// so that it is not for the handler of [Stack.HandleUDP] unless the device never makes one
// wait.
func (s *Stack) SendUDP(d Datagram) error {
	o, err := s.outlet(d.NIC, d.Src.Addr().Unmap(), d.Dst.Addr().Unmap())
	if err != nil {
		return err
	}
	m := newMessage(d.Src.Addr(), d.Dst.Addr(), UDP, 6, d.Payload)
	defer m.release()
	binary.BigEndian.PutUint16(m.header[:], d.Src.Port())
	binary.BigEndian.PutUint16(m.header[2:], d.Dst.Port())
	binary.BigEndian.PutUint16(m.header[4:], uint16(headerUDP+len(d.Payload))) //nolint:gosec // send bounds it
	return m.send(o)
}

func netAddr(a tcpip.Address) netip.Addr {
	ip, _ := netip.AddrFromSlice(a.AsSlice())
	return ip
}

func netAddrPort(a tcpip.Address, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netAddr(a), port)
}
