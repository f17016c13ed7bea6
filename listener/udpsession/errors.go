package udpsession

import (
	"errors"
	"strings"

	"github.com/strata-net/strata/listener/udpbatch"
)

// Error says what failed on a listener or in its Config, and why. It unwraps to
// its cause: a *net.OpError, a *sockopt.Error, an errno. Several failures come
// joined, each as an *Error of its own. It is a [net.Error].
type Error struct {
	// Op is the operation: "config", "listen", "set option", "accept",
	// "shutdown" or "close".
	Op string
	// Field is the Config field that is to blame, "" if none is.
	Field string
	// Value is the field's value as text, "" if it has no short one.
	Value string
	// Network and Address are those of the listener, "" for a bad Config.
	Network, Address string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "udpsession: config: Queue=-1: must not be negative".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("udpsession: " + e.Op)
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
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out: the deadline of a context.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary reports false: the listener survives by itself what can be survived.
func (e *Error) Temporary() bool { return false }

// own makes the errors of package udpbatch, joined or not, those of this one.
func own(err error) error {
	if err == nil {
		return nil
	}
	//nolint:errorlint // each of those that are joined is looked at by itself
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var all []error
		for _, err := range e.Unwrap() {
			all = append(all, own(err))
		}
		return errors.Join(all...)
	case *udpbatch.Error:
		return &Error{Op: e.Op, Field: e.Field, Value: e.Value, Network: e.Network, Address: e.Address, Err: e.Err}
	}
	return err
}
