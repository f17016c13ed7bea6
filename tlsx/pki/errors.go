package pki

import (
	"errors"
	"strings"
)

// Error says what was wrong with which field of a [Config] or a [Leaf], or what
// a CA could not do. It unwraps to its cause. Several come joined.
type Error struct {
	// Op is the operation: "new", "intermediate", "issue", "revoke", "crl" or
	// "write".
	Op string
	// Field is the field that is to blame, with its index, for instance
	// "Names[1]"; "" if none is.
	Field string
	// Value is the field's value as text.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "pki: issue: Names[1]=a b: holds ' ': want letters, digits, '-' and '_'".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("pki: " + e.Op + ": ")
	if e.Field != "" {
		b.WriteString(e.Field + "=" + e.Value + ": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// problems collects what is wrong, so that a caller hears of all at once.
type problems struct {
	op   string
	list []error
}

func (p *problems) add(field, value string, err error) {
	if err != nil {
		p.list = append(p.list, &Error{Op: p.op, Field: field, Value: value, Err: err})
	}
}

func (p *problems) err() error { return errors.Join(p.list...) }
