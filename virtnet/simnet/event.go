package simnet

import (
	"cmp"
	"net/netip"
	"time"
)

// Event is one thing that happened on the network.
//
// A segment of a stream and a datagram have an event when they are sent and one
// when they are delivered or dropped. The three have Flow and Number in common.
type Event struct {
	// Time since the network was made.
	Time time.Duration

	// Kind is what happened.
	Kind Kind

	// Step is what the packet is for. Zero for faults.
	Step Step

	// Protocol of the packet. Zero for faults.
	Protocol Protocol

	// Source is the name of the host that sent the packet, Destination of the one
	// that it is for: empty where the network found none. Both are empty for
	// faults of the whole network.
	Source, Destination string

	// From and To are the packet's addresses: as its sender sees them, but for
	// KindDeliver as its receiver does. They differ behind a NAT.
	From, To netip.AddrPort

	// Flow tells conns apart. Both directions of one have the same. Datagrams
	// that one socket sends to one address are a flow.
	Flow uint64

	// Seq is the offset of a segment's first byte in its direction of the stream.
	Seq uint64

	// Ack is how much of the other direction the sender has got, its end counted as
	// a byte.
	Ack uint64

	// Number of the packet in its flow and direction, repetitions counted too.
	Number uint64

	// Attempt is 0 for the first transmission of a segment, 1 for the next.
	Attempt int

	// Size of the payload in bytes.
	Size int

	// Reason why a packet was dropped or a dial refused. Zero for the other kinds.
	Reason Reason

	// Text describes a fault. Empty for the other kinds.
	Text string

	// Data is the beginning of the payload, at most Config.CaptureBytes. It is
	// shared: do not change it.
	Data []byte
}

// compare is the canonical order of events. Nothing in it depends on which
// goroutine ran first.
func (e *Event) compare(o *Event) int {
	return cmp.Or(
		cmp.Compare(e.Time, o.Time),
		cmp.Compare(e.Source, o.Source),
		cmp.Compare(e.Destination, o.Destination),
		cmp.Compare(e.Flow, o.Flow),
		cmp.Compare(e.Number, o.Number),
		cmp.Compare(e.Kind, o.Kind),
		e.From.Compare(o.From),
		e.To.Compare(o.To),
		cmp.Compare(e.Step, o.Step),
		cmp.Compare(e.Seq, o.Seq),
		cmp.Compare(e.Ack, o.Ack),
		cmp.Compare(e.Attempt, o.Attempt),
		cmp.Compare(e.Reason, o.Reason),
		cmp.Compare(e.Text, o.Text),
	)
}

// sends tells whether a packet left its host.
func (e *Event) sends() bool {
	switch e.Kind {
	case KindDial, KindAccept, KindRefuse, KindSend, KindRetransmit, KindClose, KindReset:
		return true
	}
	return false
}
