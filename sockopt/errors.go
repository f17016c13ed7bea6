package sockopt

import (
	"errors"
	"io/fs"
	"runtime"
	"strings"
	"syscall"
)

// An Error says which operation failed on which option of which socket, and why.
//
// Err unwraps to the errno of the system call. An Error matches [errors.ErrUnsupported] when the platform, the kernel
// or the network lacks the option, and fs.ErrPermission when a privilege is missing, which its text names.
type Error struct {
	Op      string // "set", "get", "verify", "parse"
	Option  string // kernel name, or level/number of a Raw option
	Value   string // what was to be set or was found wanting; "" for none
	Network string // "tcp4", "udp6", "unix"; "" where no socket is involved yet
	Stage   Stage  // 0 outside of a stage
	Err     error  // the cause, never nil
}

// Error returns "sockopt: set TCP_KEEPIDLE=0s on tcp4 at stage established: invalid argument".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("sockopt: " + e.Op)
	if e.Option != "" { // the zero Option has no name
		b.WriteString(" " + e.Option)
	}
	if e.Value != "" {
		b.WriteString("=" + e.Value)
	}
	if e.Network != "" {
		b.WriteString(" on " + e.Network)
	}
	if e.Stage != 0 {
		b.WriteString(" at stage " + e.Stage.String())
	}
	b.WriteString(": " + e.Err.Error())
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is adds to the errnos that are errors.ErrUnsupported by themselves those that mean it for an option only.
func (e *Error) Is(target error) bool {
	return target == errors.ErrUnsupported && lacksOption(e.Err)
}

// lacksOption reports whether an error of setsockopt or getsockopt says that the kernel or the socket's protocol
// does not have the option. ENOPROTOOPT is not errors.ErrUnsupported for package syscall.
func lacksOption(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || isNoOption(err)
}

// badValue is the cause of an error about a value. It unwraps to EINVAL, as if the kernel had said it.
type badValue struct{ intro, allowed string }

func (b badValue) Error() string { return syscall.EINVAL.Error() + ": " + b.intro + b.allowed }
func (badValue) Unwrap() error   { return syscall.EINVAL }

// unsupportedError is the cause of an error about an option that is lacking here.
type unsupportedError struct {
	reason string
	err    error // errno, if the kernel said it
}

func (u unsupportedError) Error() string {
	if u.err != nil {
		return u.err.Error() + ": " + u.reason
	}
	return errors.ErrUnsupported.Error() + ": " + u.reason
}

func (u unsupportedError) Unwrap() error        { return u.err }
func (u unsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// errWriteOnly is the answer to reading an option that the kernel only takes.
var errWriteOnly = unsupportedError{reason: "it can be set only"}

// errNonBlocking is the answer to SO_RCVTIMEO and its kin: the sockets of package net never block in the kernel.
var errNonBlocking = unsupportedError{reason: "no effect on a non-blocking socket, use SetReadDeadline and SetWriteDeadline"}

// unsupported says why the option cannot be had: the reason given, or that the platform lacks it.
func (r *row) unsupported(reason string) error {
	if reason == "" {
		reason = runtime.GOOS + " does not have it"
	}
	return unsupportedError{reason: reason}
}

// explain adds to an errno what a user needs to know: the privilege or the kernel that is missing.
func (r *row) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case lacksOption(err), r.wire == wireString && errors.Is(err, fs.ErrNotExist):
		return unsupportedError{reason: r.requirement(), err: err}
	case r.Capability != "" && errors.Is(err, fs.ErrPermission):
		return permissionError{err, r.privilege()}
	}
	return err
}

// requirement is what the option needs, for a kernel that says it does not have it.
func (r *row) requirement() string {
	if r.Since == "" {
		return "not on this socket or version of " + runtime.GOOS
	}
	return "needs " + runtime.GOOS + " " + strings.TrimPrefix(r.Since, "~") + " or later, on " + r.networks().String()
}

func (r *row) privilege() string {
	if r.Condition == "" {
		return r.Capability
	}
	return r.Capability + " " + r.Condition
}

// permissionError names the privilege beside the errno.
type permissionError struct {
	err        error
	capability string
}

func (p permissionError) Error() string { return p.err.Error() + ": needs " + p.capability }
func (p permissionError) Unwrap() error { return p.err }
