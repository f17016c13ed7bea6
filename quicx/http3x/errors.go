package http3x

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Error says what failed, on what, and why. It unwraps to its cause. Several failures come joined, each as an *Error of
// its own; those of the fields that package quicx checks are *quicx.Error.
type Error struct {
	// Op is the operation: "config", "serve", "shutdown", "extended connect", or of package connectudp
	// "dial connect-udp" and "serve connect-udp".
	Op string
	// Field is the field of the Config or ServerConfig that is to blame, "" if none is.
	Field string
	// Value is the field's value as text, "" if it has no short one.
	Value string
	// Address is that of the socket or of the peer, "" if there is none.
	Address string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "http3x: config: MaxHeaderBytes=-1: must not be negative".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("http3x: " + e.Op)
	if e.Address != "" {
		b.WriteString(" " + e.Address)
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

// Timeout reports whether time ran out.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// problems collects an *Error for each bad field of a config.
type problems []error

// add notes a bad field, unless err is nil.
func (p *problems) add(field, value string, err error) {
	if err != nil {
		*p = append(*p, &Error{Op: "config", Field: field, Value: value, Err: err})
	}
}

// err returns all of them joined, nil if there are none.
func (p *problems) err() error { return errors.Join(*p...) }

var errNegative = errors.New("must not be negative")

// notNegative checks a number or a duration.
func notNegative[T int | time.Duration](p *problems, field string, value T) {
	if value < 0 {
		p.add(field, fmt.Sprint(value), errNegative)
	}
}
