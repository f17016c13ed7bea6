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

// A Deadline is the state of a socket after which setting an option has no effect any more.
type Deadline uint8

const (
	// AnyTime is for options that take effect whenever they are set.
	AnyTime Deadline = iota
	// BeforeBind is for options that only bind looks at.
	BeforeBind
	// BeforeConnect is for options that only connect or listen look at.
	BeforeConnect
)

// String returns "any time", "before bind" or "before connect".
func (d Deadline) String() string {
	return [...]string{"any time", "before bind", "before connect"}[d]
}

// A Role says what becomes of an option on the conns that a listener accepts.
type Role uint8

const (
	// Inherited is for options that an accepted conn has from its listener.
	Inherited Role = iota
	// SetAgain is for options that the kernel does not hand on, so they are applied to each accepted conn too.
	SetAgain
	// ListenerOnly is for options that mean nothing on an accepted conn.
	ListenerOnly
)

// String returns "inherited", "set again" or "listener only".
func (r Role) String() string {
	return [...]string{"inherited", "set again", "listener only"}[r]
}
