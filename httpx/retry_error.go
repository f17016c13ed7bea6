package httpx

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Attempts is the cause of an [*Error] when a request was sent more than once:
// what became of each attempt, in the order in which they ended. A response that
// was given up for another attempt is a [StatusError].
type Attempts []error

// Error returns "2 attempts: status 503 Service Unavailable; connection refused".
func (a Attempts) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d attempts: ", len(a))
	for i, err := range a {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(err.Error())
	}
	return b.String()
}

// Unwrap returns the attempts, so that errors.Is and errors.As reach each cause.
func (a Attempts) Unwrap() []error { return a }

// Timeout reports whether time ran out in the attempt that ended last.
func (a Attempts) Timeout() bool { return len(a) > 0 && isTimeout(a[len(a)-1]) }

// joinAttempts returns the only error as it is, several as an *Error.
func joinAttempts(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return &Error{Op: "round trip", Err: Attempts(errs)}
}

// StatusError is the status of a response that was given up for another attempt.
type StatusError int

// Error returns "status 503 Service Unavailable".
func (e StatusError) Error() string {
	return strings.TrimSpace("status " + strconv.Itoa(int(e)) + " " + http.StatusText(int(e)))
}
