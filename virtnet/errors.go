package virtnet

import "fmt"

// Error says what failed on a network, apart from what a [*net.OpError] says:
// making a host, or closing. It unwraps to its cause.
type Error struct {
	Network string // full name of the network
	Op      string // "new host" or "close"
	Host    string // the host that it is about, "" for the network
	Err     error  // the cause, never nil; several are joined
}

// Error returns the message, for instance
// `virtnet "pipet": new host "α": ram(pipet): announce ["α" ""]: host already registered`.
func (e *Error) Error() string {
	if e.Host == "" && e.Op == opClose {
		return fmt.Sprintf("virtnet %q: %s: %v", e.Network, e.Op, e.Err)
	}
	return fmt.Sprintf("virtnet %q: %s %q: %v", e.Network, e.Op, e.Host, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Cause returns the cause, for packages that ask in this way.
func (e *Error) Cause() error { return e.Err }

// The operations of an Error.
const (
	opClose   = "close"
	opNewHost = "new host"
)
