package tunx

import "net"

// The errors that callers branch on, with errors.Is. Errors of this module and of those
// who implement its interfaces wrap them.
var (
	// ErrClosed is the error of an operation on a device, session or proxy that has been
	// closed, also by another goroutine in the middle of it. It is net.ErrClosed as well.
	ErrClosed error = &sentinel{"network device already closed", net.ErrClosed}

	// ErrPortUnreachable says that nobody listens at a remote server's port. It is
	// syscall.ECONNREFUSED as well.
	ErrPortUnreachable error = &sentinel{"port is not reachable", errConnRefused}

	// ErrMsgSize is the error of a Write of more bytes than the device or session can
	// send at once. It is syscall.EMSGSIZE as well.
	ErrMsgSize error = &sentinel{"packet size is too big", errMsgSize}
)

// sentinel is an error with a text of its own that is another one too.
type sentinel struct {
	text string
	kin  error
}

func (e *sentinel) Error() string { return e.text }

func (e *sentinel) Unwrap() error { return e.kin }
