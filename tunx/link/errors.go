package link

import "github.com/strata-net/strata/tunx/internal/errtext"

// Error says what failed, on which interface, and why. It unwraps to its cause, an errno
// at the bottom. Several failures come joined, each as an *Error of its own.
type Error struct {
	// Op is the operation: "config", "setup", "close".
	Op string
	// Name is the name of the interface.
	Name string
	// Field is the Config field that is to blame, with its index: "Routes[1]".
	Field string
	// Value is the field's value as text.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "link: setup tun0: Routes[1]=10.0.0.0/8: file exists".
func (e *Error) Error() string {
	return errtext.Of("link", e.Op, e.Name, e.Field, e.Value, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
