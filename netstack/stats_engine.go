package netstack

import (
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
)

func ipStats(e *tcpip.IPStats) IPStats {
	f := e.Forwarding
	return IPStats{
		PacketsReceived:  e.PacketsReceived.Value(),
		PacketsSent:      e.PacketsSent.Value(),
		PacketsDelivered: e.PacketsDelivered.Value(),
		Unroutable: f.Unrouteable.Value() + f.ExhaustedTTL.Value() + f.PacketTooBig.Value() +
			f.HostUnreachable.Value() + f.LinkLocalSource.Value() + f.LinkLocalDestination.Value(),
		OutgoingErrors: e.OutgoingPacketErrors.Value(),
		InvalidSource:  e.InvalidSourceAddressesReceived.Value(),
	}
}

func icmpStats(e *tcpip.ICMPStats) ICMPStats {
	r4, s4, r6, s6 := e.V4.PacketsReceived, e.V4.PacketsSent, e.V6.PacketsReceived, e.V6.PacketsSent
	return ICMPStats{
		EchoRequestsReceived:  r4.EchoRequest.Value() + r6.EchoRequest.Value(),
		EchoRepliesSent:       s4.EchoReply.Value() + s6.EchoReply.Value(),
		EchoRequestsSent:      s4.EchoRequest.Value() + s6.EchoRequest.Value(),
		EchoRepliesReceived:   r4.EchoReply.Value() + r6.EchoReply.Value(),
		UnreachablesReceived:  r4.DstUnreachable.Value() + r6.DstUnreachable.Value(),
		UnreachablesSent:      s4.DstUnreachable.Value() + s6.DstUnreachable.Value(),
		PacketTooBigsReceived: r6.PacketTooBig.Value(),
		RateLimited:           s4.RateLimited.Value() + s6.RateLimited.Value(),
		Dropped:               s4.Dropped.Value() + s6.Dropped.Value(),
	}
}

func tcpStats(e *tcpip.TCPStats) TCPStats {
	return TCPStats{
		ActiveOpens:        e.ActiveConnectionOpenings.Value(),
		PassiveOpens:       e.PassiveConnectionOpenings.Value(),
		CurrentEstablished: e.CurrentEstablished.Value(),
		FailedAttempts:     e.FailedConnectionAttempts.Value(),
		EstablishedResets:  e.EstablishedResets.Value(),
		ResetsSent:         e.ResetsSent.Value(),
		ResetsReceived:     e.ResetsReceived.Value(),
		SegmentsSent:       e.SegmentsSent.Value(),
		SegmentsReceived:   e.ValidSegmentsReceived.Value(),
		InvalidSegments:    e.InvalidSegmentsReceived.Value(),
		ChecksumErrors:     e.ChecksumErrors.Value(),
		Retransmits:        e.Retransmits.Value(),
		FastRetransmits:    e.FastRetransmit.Value(),
		Timeouts:           e.Timeouts.Value(),
		Recoveries:         e.SACKRecovery.Value() + e.TLPRecovery.Value(),
		SpuriousRecoveries: e.SpuriousRecovery.Value() + e.SpuriousRTORecovery.Value(),
		ListenOverflows:    e.ListenOverflowSynDrop.Value() + e.ListenOverflowAckDrop.Value(),
		ForwardDropped:     e.ForwardMaxInFlightDrop.Value(),
	}
}

func udpStats(e *tcpip.UDPStats) UDPStats {
	return UDPStats{
		PacketsReceived:     e.PacketsReceived.Value(),
		PacketsSent:         e.PacketsSent.Value(),
		SendErrors:          e.PacketSendErrors.Value(),
		UnknownPort:         e.UnknownPortErrors.Value(),
		ReceiveBufferErrors: e.ReceiveBufferErrors.Value(),
		ChecksumErrors:      e.ChecksumErrors.Value(),
	}
}

// linkStats counts what crosses a link.
type linkStats struct {
	rxPackets, rxBytes, rxDropped atomic.Uint64
	txPackets, txBytes, txDropped atomic.Uint64
}

func (s *linkStats) received(n int) {
	s.rxPackets.Add(1)
	s.rxBytes.Add(uint64(n)) //nolint:gosec // a length
}

func (s *linkStats) sent(n int, err error) {
	if err != nil {
		s.txDropped.Add(1)
		return
	}
	s.txPackets.Add(1)
	s.txBytes.Add(uint64(n)) //nolint:gosec // a length
}

func (s *linkStats) snapshot() NICStats {
	return NICStats{
		RxPackets: s.rxPackets.Load(), RxBytes: s.rxBytes.Load(), RxDropped: s.rxDropped.Load(),
		TxPackets: s.txPackets.Load(), TxBytes: s.txBytes.Load(), TxDropped: s.txDropped.Load(),
	}
}
