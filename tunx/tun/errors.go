package tun

import "strings"

// Error says what failed, on which interface, and why. It unwraps to its cause: a
// sentinel of package tunx, an *os.PathError, an errno. Several failures of a Config come
// joined, each as an *Error of its own.
type Error struct {
	// Op is the operation: "config", "open", "read", "write", "close".
	Op string
	// Name is the name of the interface, "" while it has none.
	Name string
	// Field is the Config field that is to blame, "" if none is.
	Field string
	// Value is the field's value as text.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "tun: open: Name=tun0: device or resource busy".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("tun: " + e.Op)
	if e.Name != "" {
		b.WriteString(" " + e.Name)
	}
	b.WriteString(": ")
	if e.Field != "" {
		b.WriteString(e.Field + "=" + e.Value + ": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
