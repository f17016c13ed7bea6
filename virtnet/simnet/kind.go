package simnet

// Kind is what an Event tells.
type Kind uint8

// The kinds of events.
const (
	// KindDial is the first packet of a dial: a SYN.
	KindDial Kind = iota + 1
	// KindAccept is a listener's answer to it: a SYN with an ACK.
	KindAccept
	// KindRefuse is the answer of a host where nobody listens: a RST, or for a
	// datagram an ICMP message. What a firewall rejects is a KindDrop, of which the
	// sender knows at once.
	KindRefuse
	// KindSend is a datagram, or a segment with bytes of a stream, that leaves.
	KindSend
	// KindRetransmit is a segment that leaves once more.
	KindRetransmit
	// KindDeliver is a packet of any kind that arrives.
	KindDeliver
	// KindDrop is a packet of any kind that gets lost: Reason tells why.
	KindDrop
	// KindClose is the end of one direction of a stream: a FIN.
	KindClose
	// KindReset is an aborted conn: a RST.
	KindReset
	// KindFault is a fault that begins or ends: Text tells which.
	KindFault
)

var kinds = names{
	KindDial: "dial", KindAccept: "accept", KindRefuse: "refuse", KindSend: "send", KindRetransmit: "retransmit",
	KindDeliver: "deliver", KindDrop: "drop", KindClose: "close", KindReset: "reset", KindFault: "fault",
}

// String returns the kind as a word, such as "deliver".
func (k Kind) String() string { return kinds.word("Kind", uint8(k)) }

// MarshalText is String. A value that no constant has is an error.
func (k Kind) MarshalText() ([]byte, error) { return kinds.marshal("kind", uint8(k)) }

// UnmarshalText reads what MarshalText writes.
func (k *Kind) UnmarshalText(text []byte) error {
	n, err := kinds.unmarshal("kind", text)
	if err == nil {
		*k = Kind(n)
	}
	return err
}
