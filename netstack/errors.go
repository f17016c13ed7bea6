package netstack

import "errors"

// Error says what failed, on what, and why. It unwraps to its cause: one of the
// sentinels of this package, or the device's error. Several failures come joined, each as
// an *Error of its own.
type Error struct {
	// Op is the operation: "config" (in New), "create nic", "add address" and so on.
	Op string
	// Field is the Config field or the argument that is to blame, "" if none is.
	Field string
	// Value is its value as text, "" if it has no short one.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "netstack: config: Congestion=bbr: not one of cubic, reno".
func (e *Error) Error() string {
	text := "netstack: " + e.Op + ": "
	switch {
	case e.Field == "":
	case e.Value == "":
		text += e.Field + ": "
	default:
		text += e.Field + "=" + e.Value + ": "
	}
	return text + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary makes an Error a [net.Error]. It repeats what the cause says.
func (e *Error) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.Err, &t) && t.Temporary()
}
