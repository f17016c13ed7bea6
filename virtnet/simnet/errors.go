package simnet

import (
	"errors"
	"fmt"
	"strings"
)

// Error says what was wrong with a part of a network, and why. It unwraps to its
// cause. Several failures come joined, each as an *Error of its own. What fails on a
// conn is a [*net.OpError] instead.
type Error struct {
	// Op is the operation, for instance "config", "new host" or "profile".
	Op string
	// Field is the field that is to blame, "" if none is.
	Field string
	// Value is the value as text, "" if it has no short one.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "simnet: config: Backlog=-1: must not be negative".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("simnet: " + e.Op)
	switch {
	case e.Field != "" && e.Value != "":
		b.WriteString(": " + e.Field + "=" + e.Value)
	case e.Field != "":
		b.WriteString(": " + e.Field)
	case e.Value != "":
		fmt.Fprintf(&b, " %q", e.Value)
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// problems collects an *Error for each bad field of a config.
type problems []error

// add notes a bad field, unless err is nil.
func (p *problems) add(field string, value any, err error) {
	if err != nil {
		*p = append(*p, &Error{Op: "config", Field: field, Value: fmt.Sprint(value), Err: err})
	}
}

// addf notes a bad field.
func (p *problems) addf(field string, value any, format string, args ...any) {
	p.add(field, value, fmt.Errorf(format, args...))
}

// err returns all of them joined, nil if there are none.
func (p *problems) err() error { return errors.Join(*p...) }
