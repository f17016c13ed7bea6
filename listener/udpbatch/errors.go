package udpbatch

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
)

// Error says what failed, on what, and why. It unwraps to its cause: a
// *net.OpError, a *sockopt.Error, an errno. Several failures of a Config come
// joined, each as an *Error of its own. It is a [net.Error].
type Error struct {
	// Op is the operation: "config", "listen", "dial", "set option", "read",
	// "write" or "close".
	Op string
	// Field is the Config field that is to blame, "" if none is.
	Field string
	// Value is the field's value as text, or the message that failed.
	Value string
	// Network and Address are those of the Conn, or of the peer when the
	// operation has one.
	Network, Address string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "udpbatch: write udp4 127.0.0.1:53: message 3 of 70000 bytes: message too long".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("udpbatch: " + e.Op)
	for _, s := range []string{e.Network, e.Address} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	switch {
	case e.Field != "" && e.Value != "":
		b.WriteString(": " + e.Field + "=" + e.Value)
	case e.Field+e.Value != "":
		b.WriteString(": " + e.Field + e.Value)
	}
	return b.String() + ": " + e.cause()
}

// cause leaves out what net's own error would only say a second time.
func (e *Error) cause() string {
	//nolint:errorlint // one that is wrapped must keep its wrapper's words
	if op, ok := e.Err.(*net.OpError); ok {
		return op.Err.Error()
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether a deadline has passed.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary reports whether the same operation can succeed later, by the word
// of package net and of syscall.
func (e *Error) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.Err, &t) && t.Temporary()
}

// aboutMessage names the message of a batch that failed.
func aboutMessage(index, size int) string {
	return "message " + strconv.Itoa(index) + " of " + strconv.Itoa(size) + " bytes"
}

// lacking is the cause of an error about what the platform does not have.
func lacking(what string) error {
	return fmt.Errorf("%w: %s has no %s", errors.ErrUnsupported, runtime.GOOS, what)
}
