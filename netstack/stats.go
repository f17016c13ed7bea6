package netstack

// Stats is a snapshot of a stack's counters. Those of the stack count from New on, those of
// a NIC from CreateNIC on until the NIC is removed.
type Stats struct {
	// UnknownProtocolRcvdPackets are received packets of a network or transport protocol
	// that the stack does not have.
	UnknownProtocolRcvdPackets uint64
	// UnknownNetworkEndpointRcvdPackets are received packets for an address that the
	// stack does not have, and does not forward to.
	UnknownNetworkEndpointRcvdPackets uint64
	// MalformedRcvdPackets are received packets that are no proper packets of their
	// protocol.
	MalformedRcvdPackets uint64

	IP   IPStats
	ICMP ICMPStats
	TCP  TCPStats
	UDP  UDPStats
	NICs map[NICID]NICStats
}

// IPStats counts packets of IPv4 and IPv6.
type IPStats struct {
	PacketsReceived  uint64
	PacketsSent      uint64
	PacketsDelivered uint64 // to a transport protocol
	Forwarded        uint64 // from NIC to NIC, each fragment that was made as one
	// Unroutable are packets to forward for which there is no route, whose TTL or MTU ended
	// their way, whose addresses are not for others to see, or that carry a source route.
	Unroutable uint64
	// OutgoingErrors are packets that could not be sent.
	OutgoingErrors uint64
	// InvalidSource are received packets with a source that cannot be.
	InvalidSource uint64
}

// ICMPStats counts messages of both versions.
type ICMPStats struct {
	EchoRequestsReceived, EchoRepliesSent  uint64
	EchoRequestsSent, EchoRepliesReceived  uint64
	UnreachablesReceived, UnreachablesSent uint64
	PacketTooBigsReceived                  uint64 // of IPv6
	RateLimited                            uint64 // errors that were not sent, to bound their rate
	Dropped                                uint64 // messages that could not be sent
}

// TCPStats counts conns and segments. A segment may stand for several packets: see
// [tunx.Offload].
type TCPStats struct {
	ActiveOpens, PassiveOpens uint64
	CurrentEstablished        uint64 // now
	FailedAttempts            uint64
	EstablishedResets         uint64
	ResetsSent                uint64
	ResetsReceived            uint64
	SegmentsSent              uint64
	SegmentsReceived          uint64
	InvalidSegments           uint64
	ChecksumErrors            uint64
	Retransmits               uint64
	FastRetransmits           uint64
	Timeouts                  uint64 // retransmission timers that ran out
	Recoveries                uint64 // by SACK or tail loss probe
	SpuriousRecoveries        uint64
	ListenOverflows           uint64 // SYNs and ACKs that a full backlog dropped
	ForwardDropped            uint64 // SYNs above the limit of a handler
}

// UDPStats counts datagrams.
type UDPStats struct {
	PacketsReceived     uint64
	PacketsSent         uint64
	SendErrors          uint64
	UnknownPort         uint64
	ReceiveBufferErrors uint64 // datagrams for which an endpoint had no room
	ChecksumErrors      uint64
}

// NICStats counts packets, of which a large one is one, and their bytes with IP headers.
// Dropped are those that the device did not take, that were no IP packets, or that did not
// fit into a queue.
type NICStats struct {
	RxPackets, RxBytes, RxDropped uint64
	TxPackets, TxBytes, TxDropped uint64
}

// Stats returns the counters as they are now. They are read one by one, so that packets
// which are on their way may be in one and not yet in another.
func (s *Stack) Stats() Stats {
	e := s.engine.Stats()
	st := Stats{
		UnknownNetworkEndpointRcvdPackets: e.IP.InvalidDestinationAddressesReceived.Value(),
		MalformedRcvdPackets: e.IP.MalformedPacketsReceived.Value() + e.IP.MalformedFragmentsReceived.Value() +
			e.NICs.MalformedL4RcvdPackets.Value() + e.TCP.InvalidSegmentsReceived.Value() +
			e.UDP.MalformedPacketsReceived.Value(),
		IP: ipStats(&e.IP), ICMP: icmpStats(&e.ICMP), TCP: tcpStats(&e.TCP), UDP: udpStats(&e.UDP),
		NICs: make(map[NICID]NICStats),
	}
	st.IP.Forwarded = s.forwarded.Load()
	st.UnknownProtocolRcvdPackets = s.unknown.Load()
	for _, k := range e.NICs.UnknownL4ProtocolRcvdPacketCounts.Keys() {
		if c, ok := e.NICs.UnknownL4ProtocolRcvdPacketCounts.Get(k); ok {
			st.UnknownProtocolRcvdPackets += c.Value()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.nics {
		st.NICs[id] = n.link.stats.snapshot()
	}
	return st
}
