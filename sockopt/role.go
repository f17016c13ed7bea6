package sockopt

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
