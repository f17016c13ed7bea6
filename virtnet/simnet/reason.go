package simnet

// Reason is why a packet did not arrive, or a dial was refused.
type Reason uint8

// The reasons.
const (
	// ReasonLoss is Link.Loss.
	ReasonLoss Reason = iota + 1
	// ReasonQueue is a link's queue that was full.
	ReasonQueue
	// ReasonPartition is a partition of the network.
	ReasonPartition
	// ReasonLink is a link that was down.
	ReasonLink
	// ReasonHost is a host that was down.
	ReasonHost
	// ReasonPaused is a host that was paused.
	ReasonPaused
	// ReasonUnreachable is an address that no host has, or no route leads to.
	ReasonUnreachable
	// ReasonFirewall is a firewall's rule.
	ReasonFirewall
	// ReasonNAT is a packet from outside that a NAT has no mapping for.
	ReasonNAT
	// ReasonMTU is a datagram that was larger than a link's MTU.
	ReasonMTU
	// ReasonNoListener is a port where nobody listens.
	ReasonNoListener
	// ReasonBacklog is a listener with more conns than it may keep waiting.
	ReasonBacklog
	// ReasonBuffer is a socket with more datagrams than it may keep waiting.
	ReasonBuffer
	// ReasonClosed is a conn or a socket that was gone.
	ReasonClosed
	// ReasonDamage is Link.Corrupt, for a segment of a stream: its checksum tells.
	ReasonDamage
)

var reasons = names{
	ReasonLoss: "loss", ReasonQueue: "queue", ReasonPartition: "partition", ReasonLink: "link", ReasonHost: "host",
	ReasonPaused: "paused", ReasonUnreachable: "unreachable", ReasonFirewall: "firewall", ReasonNAT: "nat", ReasonMTU: "mtu",
	ReasonNoListener: "no-listener", ReasonBacklog: "backlog", ReasonBuffer: "buffer", ReasonDamage: "damage", ReasonClosed: "closed",
}

// String returns the reason as a word, such as "partition", and "" for none.
func (r Reason) String() string {
	if r == 0 {
		return ""
	}
	return reasons.word("Reason", uint8(r))
}

// MarshalText is String. A value that no constant has is an error, but for 0.
func (r Reason) MarshalText() ([]byte, error) {
	if r == 0 {
		return []byte{}, nil
	}
	return reasons.marshal("reason", uint8(r))
}

// UnmarshalText reads what MarshalText writes.
func (r *Reason) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = 0
		return nil
	}
	n, err := reasons.unmarshal("reason", text)
	if err == nil {
		*r = Reason(n)
	}
	return err
}
