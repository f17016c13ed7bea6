package dialer

import (
	"errors"
	"strings"
)

// Attempts is the cause of an [*Error] when a name was dialled: what became of each address that was tried, in the
// order in which they ended; of two versions of IP that raced, first those of the one that gave up first. Each has the
// address in its Address. An address that was not tried any more, because time
// ran out before its turn, is not in the list.
type Attempts []*Error

// Error returns "192.0.2.1:80: connect: connection refused; [2001:db8::1]:80: i/o timeout".
func (a Attempts) Error() string {
	var b strings.Builder
	for i, e := range a {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.Address + ": " + e.reason())
	}
	return b.String()
}

// Unwrap returns the attempts, so that errors.Is and errors.As reach each cause.
func (a Attempts) Unwrap() []error {
	errs := make([]error, len(a))
	for i, e := range a {
		errs[i] = e
	}
	return errs
}

// Timeout reports whether the dial ended because time ran out: the attempt that ended last did.
func (a Attempts) Timeout() bool { return len(a) > 0 && a[len(a)-1].Timeout() }

// Temporary reports whether an attempt failed for a reason that is temporary in the sense of package net.
func (a Attempts) Temporary() bool {
	var t interface{ Temporary() bool }
	for _, e := range a {
		if errors.As(e.Err, &t) && t.Temporary() {
			return true
		}
	}
	return false
}
