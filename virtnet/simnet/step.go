package simnet

// Step is what a packet does for its flow.
type Step uint8

// The steps.
const (
	// StepDatagram is a datagram.
	StepDatagram Step = iota + 1
	// StepSYN asks for a conn.
	StepSYN
	// StepSYNACK is the answer of a listener.
	StepSYNACK
	// StepACK says that the answer came, or that bytes did.
	StepACK
	// StepData has bytes of a stream.
	StepData
	// StepFIN ends one direction of a stream.
	StepFIN
	// StepRST ends a conn at once, or refuses it.
	StepRST
)

var steps = names{
	StepDatagram: "datagram", StepSYN: "syn", StepSYNACK: "syn-ack", StepACK: "ack",
	StepData: "data", StepFIN: "fin", StepRST: "rst",
}

// String returns the step as a word, such as "syn-ack".
func (s Step) String() string { return steps.word("Step", uint8(s)) }

// MarshalText is String. A value that no constant has is an error.
func (s Step) MarshalText() ([]byte, error) { return steps.marshal("step", uint8(s)) }

// UnmarshalText reads what MarshalText writes.
func (s *Step) UnmarshalText(text []byte) error {
	n, err := steps.unmarshal("step", text)
	if err == nil {
		*s = Step(n)
	}
	return err
}
