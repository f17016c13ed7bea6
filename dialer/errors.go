package dialer

import (
	"errors"
	"net"
	"strings"
)

// Error says what failed, on what, and why. It unwraps to its cause: a
// *net.OpError, a *sockopt.Error, a *tls.CertificateVerificationError, an errno.
// Several failures come joined, each as an *Error of its own; those of the
// addresses of a name are [Attempts].
type Error struct {
	// Op is the operation: "config" (in New), "parse", "resolve", "dial", "set option", "proxy" (what happens on the conn
	// to one), "handshake", or "write" of the first bytes.
	Op string
	// Field is the Config field that is to blame, "" if none is.
	Field string
	// Value is the field's value as text, "" if it has no short one.
	Value string
	// Network and Address are what the caller asked for, "" in New.
	Network, Address string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "dialer: config: Timeout=-1s: must not be negative".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("dialer: " + e.Op)
	for _, s := range []string{e.Network, e.Address} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	b.WriteString(": " + e.reason())
	return b.String()
}

// reason is the part of the message after what was tried.
func (e *Error) reason() string {
	switch {
	case e.Field == "":
		return e.cause()
	case e.Value == "":
		return e.Field + ": " + e.cause()
	}
	return e.Field + "=" + e.Value + ": " + e.cause()
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

// Timeout reports whether time ran out: a timeout of the Config, the deadline
// of the context, or the operating system's.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary makes an Error a [net.Error]. It repeats what the cause says.
func (e *Error) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.Err, &t) && t.Temporary()
}
