package pcap

import "github.com/strata-net/strata/tunx/internal/errtext"

// Error says what failed and why. It unwraps to its cause. Several failures come joined,
// each as an *Error of its own.
type Error struct {
	// Op is the operation: "config", "write".
	Op string
	// Field is the Config field that is to blame, "" if none is.
	Field string
	// Value is the field's value as text.
	Value string
	// Err is the cause, never nil: for "write" what the writer returned.
	Err error
}

// Error returns the message, for instance
// "pcap: config: SnapLen=-1: must be from 0 to 65535 bytes".
func (e *Error) Error() string {
	return errtext.Of("pcap", e.Op, "", e.Field, e.Value, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
