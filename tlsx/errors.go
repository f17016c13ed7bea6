package tlsx

import "strings"

// Error says what was wrong with which part of a Config, and why. It unwraps
// to its cause: an *fs.PathError, a x509 error. Several failures come joined,
// each as an *Error of its own.
type Error struct {
	// Op is the operation: "config" (a field's value cannot be), "parse" (of a
	// text given to one of the Parse functions), "load" (of what a field names),
	// "watch", "verify" (of a peer) or "reload".
	Op string
	// Field is the Config field that is to blame, with its index, for instance
	// "Certificates[1].Key"; with "parse" what the text should have been, "curve"
	// for instance; "" if none is.
	Field string
	// Value is the field's value as text: a file's name, a number's name. It is
	// never a secret; "" if it has no short form.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "tlsx: load: Certificates[0].Chain=server.pem: expired on 2026-01-01".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("tlsx: " + e.Op + ": ")
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

// problems collects what is wrong, so that a caller hears of all at once.
type problems []error

func (p *problems) add(op, field, value string, err error) {
	if err != nil {
		*p = append(*p, &Error{Op: op, Field: field, Value: value, Err: err})
	}
}
