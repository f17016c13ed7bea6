package listener

import (
	"errors"
	"net"
	"strings"
)

// Error says what failed, on what, and why. It unwraps to its cause: a
// *net.OpError, a *sockopt.Error, an errno.
// Several failures come joined, each as an *Error of its own.
type Error struct {
	// Op is the operation: "config", "parse prefix", "listen", "set option",
	// "steer", "accept", "close", "read PROXY header", "handshake", "cut",
	// "shutdown", "duplicate", "pass", "read credentials", or "read" or "write" of
	// a packet.
	Op string
	// Field is the Config field that is to blame, "" if none is.
	Field string
	// Value is the field's value as text, "" if it has no short one.
	Value string
	// Network and Address are those of the listener, or of the client for a conn
	// that was cut; "" for a bad Config.
	Network, Address string
	// Err is the cause, never nil.
	Err error

	temporary bool // the listener goes on
}

// Error returns the message, for instance
// "listener: config: MaxHandshakes=-1: must not be negative".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("listener: " + e.Op)
	for _, s := range []string{e.Network, e.Address} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	if e.Value != "" {
		b.WriteString("=" + e.Value)
	}
	return b.String() + ": " + e.cause()
}

// cause leaves out what net's own error would only say a second time.
func (e *Error) cause() string {
	//nolint:errorlint // one that is wrapped must keep its wrapper's words
	if op, ok := e.Err.(*net.OpError); ok && op.Addr != nil && op.Addr.String() == e.Address {
		return op.Err.Error()
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out: the deadline of the context, or of the
// listener.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary reports whether another Accept can succeed: the error concerns one
// conn only, or is a lack of descriptors or memory. With it an Error is a
// [net.Error]; http.Server goes on after a temporary one.
func (e *Error) Temporary() bool {
	var t interface{ Temporary() bool }
	return e.temporary || (errors.As(e.Err, &t) && t.Temporary())
}
