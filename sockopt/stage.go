package sockopt

// A Stage is the moment of a socket's life at which an option is applied.
type Stage uint8

const (
	// Bind is before bind and connect: in net.Dialer.Control and net.ListenConfig.Control.
	Bind Stage = iota + 1
	// Listening is on a listener, after listen.
	Listening
	// Established is on a connected or accepted conn, after package net has set its own options there.
	Established
)

// String returns "bind", "listening" or "established", and "" for the zero Stage.
func (s Stage) String() string {
	switch s {
	case Bind:
		return "bind"
	case Listening:
		return "listening"
	case Established:
		return "established"
	}
	return ""
}
