package simnet

import "net/netip"

// packet is what a host gives to the network: a datagram, or one step of a stream.
type packet struct {
	proto    Protocol
	step     Step
	src, dst netip.AddrPort // as the sender sees them; for the receiver those of the verdict
	from     *Host          // the sender
	flow     uint64         // a hash of what the flow is: the same in each run with a seed
	number   uint64         // in its flow and direction, repetitions counted
	attempt  int            // 0 for the first transmission of a step
	refusal  bool           // says that nobody listens

	sentFrom, sentTo netip.AddrPort // as the sender sees them, for the trace

	payload []byte // of a datagram
	data    int    // bytes of payload: of a datagram or a segment
	size    int    // with headers
	seq     uint64 // of a segment: the offset of its first byte

	conn   *Conn       // the sender of a stream's, nil if the host answers without one
	ack    uint64      // how far the other direction has come
	window uint64      // how much more may come
	early  []span      // what came too early
	probe  bool        // wants to be told the window
	sock   *PacketConn // the sender of a datagram

	capture []byte // for the trace
	trip    trip   // the fabric's own
}

// headers is how many bytes a packet has before its payload: those of IP without
// options or extensions, then those of TCP without options, or of UDP.
func (p Protocol) headers(to netip.Addr) int {
	n := 40
	if to.Is4() {
		n = 20
	}
	if p == TCP {
		return n + 20
	}
	return n + 8
}
