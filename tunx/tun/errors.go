package tun

import "github.com/strata-net/strata/tunx/internal/errtext"

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
	return errtext.Of("tun", e.Op, e.Name, e.Field, e.Value, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
