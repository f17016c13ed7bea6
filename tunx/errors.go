package tunx

import (
	"errors"
	"strings"
)

// Error says what failed, on what, and why. It unwraps to its cause. Several failures
// come joined, each as an *Error of its own.
type Error struct {
	// Op is the operation: "config", "listen", "dial", "write", "read", "session".
	Op string
	// Field is the field, option or argument that is to blame, "" if none is.
	Field string
	// Value is its value as text, "" if it has no short one.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "tunx: config: MaxSessions=-1: must not be negative".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("tunx: " + e.Op)
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

// Temporary reports whether the same can succeed later. With it an Error is a
// [net.Error].
func (e *Error) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.Err, &t) && t.Temporary()
}

var (
	errNil      = errors.New("must not be nil")
	errNegative = errors.New("must not be negative")
	errPositive = errors.New("must be positive")
	errUnknown  = errors.New("is not one of the constants")
)

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
