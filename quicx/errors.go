package quicx

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Error says what failed, on what, and why. It unwraps to its cause.
// Several failures come joined, each as an *Error of its own.
type Error struct {
	// Op is the operation: "config", "dial", "migrate", "listen", "set option",
	// "syscallconn", "accept", "handshake", "datagrams", "read", "write",
	// "set deadline", "close read", "close write", "qlog", "close" or "shutdown".
	Op string
	// Field is the Config field that is to blame, "" if none is.
	Field string
	// Value is the field's value as text, "" if it has no short one.
	Value string
	// Network and Address are those that were dialled or listened on, or of the
	// peer; "" for a bad config.
	Network, Address string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "quicx: config: MaxHandshakes=-1: must not be negative".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("quicx: " + e.Op)
	for _, s := range []string{e.Network, e.Address} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	if e.Value != "" {
		b.WriteString("=" + e.Value)
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary reports whether the same can succeed later. With it an Error is a
// [net.Error].
func (e *Error) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.Err, &t) && t.Temporary()
}

// problems collects an *Error for each bad field of a config.
type problems []error

// add notes a bad field, unless err is nil.
func (p *problems) add(field, value string, err error) {
	if err != nil {
		*p = append(*p, &Error{Op: "config", Field: field, Value: value, Err: err})
	}
}

// natural notes a number that is negative.
func (p *problems) natural(field string, n int) {
	if n < 0 {
		p.add(field, strconv.Itoa(n), errNegative)
	}
}

// span notes a time that is negative.
func (p *problems) span(field string, d time.Duration) {
	if d < 0 {
		p.add(field, d.String(), errNegative)
	}
}

// err returns all of them joined, nil if there are none.
func (p *problems) err() error { return errors.Join(*p...) }

var (
	errNegative   = errors.New("must not be negative")
	errNilContext = errors.New("the context is nil")
)
