package netstack

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/strata-net/strata/tunx"
)

// WritePackets writes to the device, and waits for it: a link that drops what does not fit
// costs TCP more than a link that blocks.
func (l *link) WritePackets(list stack.PacketBufferList) (int, tcpip.Error) {
	for i, pkt := range list.AsSlice() {
		if fromReader(pkt) {
			_ = l.reply(pkt) // never waits; what it drops it counts
			continue
		}
		if err := l.write(pkt); err != nil {
			return i, linkError(err)
		}
	}
	return list.Len(), nil
}

func (l *link) write(pkt *stack.PacketBuffer) error {
	if l.comesBack(pkt) {
		l.loopBack(pkt)
		return nil
	}
	w := scatters.Get().(*scatter)
	defer w.release()
	w.gather(pkt)
	p := &l.ports[int(pkt.Hash)%len(l.ports)]
	var n int
	var err error
	if p.offload != nil {
		n, err = p.offload.WriteOffload(w.parts, offloadOf(pkt))
	} else {
		n, err = p.dev.Write(w.whole())
	}
	l.stats.sent(n, err)
	return err
}

// offloadOf says what TCP left to the device.
func offloadOf(pkt *stack.PacketBuffer) tunx.Offload {
	gso := &pkt.GSOOptions
	if gso.Type != stack.GSOTCPv4 && gso.Type != stack.GSOTCPv6 {
		return tunx.Offload{}
	}
	// Headers and MSS are 16 bits wide, as the packet's length is.
	network, transport := len(pkt.NetworkHeader().Slice()), len(pkt.TransportHeader().Slice())
	var o tunx.Offload
	if gso.NeedsCsum {
		o.NeedsChecksum = true
		o.CsumStart = uint16(network) //nolint:gosec // see above
		o.CsumOffset = gso.CsumOffset
	}
	if pkt.Data().Size() > int(gso.MSS) {
		o.Segment = gso.MSS
		o.HeaderLen = uint16(network + transport) //nolint:gosec // see above
	}
	return o
}

// scatter holds the parts of a packet while it is written.
type scatter struct {
	parts [][]byte
	flat  []byte
}

var scatters = sync.Pool{New: func() any { return new(scatter) }}

// gather finds the parts of the packet; nothing is copied.
func (w *scatter) gather(pkt *stack.PacketBuffer) {
	views, skip := pkt.AsViewList()
	for v := views.Front(); v != nil; v = v.Next() {
		p := v.AsSlice()
		if skip >= len(p) {
			skip -= len(p)
			continue
		}
		w.parts = append(w.parts, p[skip:])
		skip = 0
	}
}

// whole returns the packet in one piece.
func (w *scatter) whole() []byte {
	if len(w.parts) == 1 {
		return w.parts[0]
	}
	for _, p := range w.parts {
		w.flat = append(w.flat, p...)
	}
	return w.flat
}

func (w *scatter) release() {
	clear(w.parts)
	w.parts, w.flat = w.parts[:0], w.flat[:0]
	scatters.Put(w)
}

// fromReader reports whether the packet may be an answer that the engine gives in the
// middle of the call of a link's reader: ICMP, or a reset for a segment of no conn.
// Segments of conns have a hash, and datagrams are written by who sends them.
//
// An answer to a SYN is written as those are: the engine sends it with the endpoint locked,
// and whoever processes the client's next segment would spin until the device has taken it.
func fromReader(pkt *stack.PacketBuffer) bool {
	switch protocolOfPacket(pkt) {
	case header.TCPProtocolNumber:
		return pkt.Hash == 0 || isSYN(pkt)
	case header.UDPProtocolNumber:
		return false
	}
	return true
}

func protocolOfPacket(pkt *stack.PacketBuffer) tcpip.TransportProtocolNumber {
	if pkt.TransportProtocolNumber != 0 {
		return pkt.TransportProtocolNumber
	}
	h := pkt.NetworkHeader().Slice()
	switch {
	case header.IPVersion(h) == header.IPv4Version:
		return header.IPv4(h).TransportProtocol()
	case len(h) > header.IPv6MinimumSize && h[6] == uint8(header.IPv6FragmentHeader):
		return tcpip.TransportProtocolNumber(h[header.IPv6MinimumSize])
	}
	return 0
}

func isSYN(pkt *stack.PacketBuffer) bool {
	h := header.TCP(pkt.TransportHeader().Slice())
	return len(h) >= header.TCPMinimumSize && h.Flags()&header.TCPFlagSyn != 0
}
