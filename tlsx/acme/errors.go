package acme

import (
	"errors"
	"strings"
)

// Error says what was wrong with which field of a Config, or what failed for
// which host. It unwraps to its cause. Several come joined.
type Error struct {
	// Op is the operation: "config", "cache", "account", "obtain", "present" or
	// "run".
	Op string
	// Field is the Config field that is to blame, with its index, or "host".
	Field string
	// Value is the field's value as text, never a secret.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "acme: obtain: host=example.com: acme: authorization error for example.com".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("acme: " + e.Op + ": ")
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

func hostError(op, host string, err error) error {
	return &Error{Op: op, Field: "host", Value: host, Err: err}
}

// problems collects what is wrong, so that a caller hears of all at once.
type problems []error

func (p *problems) add(field, value string, err error) {
	if err != nil {
		*p = append(*p, &Error{Op: "config", Field: field, Value: value, Err: err})
	}
}

func (p *problems) err() error { return errors.Join(*p...) }
