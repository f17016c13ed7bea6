package simnet

// Protocol is what a packet is of. The numbers are IANA's.
type Protocol uint8

// The protocols.
const (
	// TCP carries streams.
	TCP Protocol = 6
	// UDP carries datagrams.
	UDP Protocol = 17
)

var protocols = names{TCP: "tcp", UDP: "udp"}

// String returns "tcp" or "udp", and "" for none.
func (p Protocol) String() string {
	if p == 0 {
		return ""
	}
	return protocols.word("Protocol", uint8(p))
}

// MarshalText is String. A value that no constant has is an error, but for 0.
func (p Protocol) MarshalText() ([]byte, error) {
	if p == 0 {
		return []byte{}, nil
	}
	return protocols.marshal("protocol", uint8(p))
}

// UnmarshalText reads what MarshalText writes.
func (p *Protocol) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = 0
		return nil
	}
	n, err := protocols.unmarshal("protocol", text)
	if err == nil {
		*p = Protocol(n)
	}
	return err
}
