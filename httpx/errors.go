package httpx

import (
	"errors"
	"strings"
)

// Error says what failed, on what, and why. It unwraps to its cause. Several
// failures come joined, each as an *Error of its own.
type Error struct {
	// Op is the operation: "config" (in a constructor), "dial", "round trip", "serve", "shutdown" and so on.
	Op string
	// Field is the config field that is to blame, "" if none is.
	Field string
	// Value is the field's value as text, "" if it has no short one. Never a secret.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "httpx: config: IdleConnTimeout=-1s: must not be negative".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("httpx: " + e.Op + ": ")
	if e.Field != "" {
		b.WriteString(e.Field)
		if e.Value != "" {
			b.WriteString("=" + e.Value)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out: a timeout of a config, the deadline of
// the context, or the operating system's.
func (e *Error) Timeout() bool { return isTimeout(e.Err) }

// isTimeout says whether time has run out.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// problems collects what is wrong, so that a caller hears of all at once.
type problems []error

// joined returns what the checks find.
func joined(checks ...func(*problems)) error {
	var p problems
	for _, check := range checks {
		check(&p)
	}
	return errors.Join(p...)
}

func (p *problems) add(field, value string, err error) {
	if err != nil {
		*p = append(*p, &Error{Op: "config", Field: field, Value: value, Err: err})
	}
}
