package socketz

import (
	"errors"
	"fmt"
)

// Error says what was wrong with a value that was given: a field of a Socket, or a parameter of a request.
type Error struct {
	Op    string // "add", "query", "serve"
	Field string // "Conn", "limit", "Host"
	Value string // as it was given
	Err   error  // the cause, never nil
}

// Error returns "socketz: query limit=0: want 1 to 1000".
func (e *Error) Error() string {
	return fmt.Sprintf("socketz: %s %s=%s: %v", e.Op, e.Field, e.Value, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrRefused is the cause of an [Error] about a request that is refused for who sends it, or how.
var ErrRefused = errors.New("refused")

// badValue is a cause in words.
type badValue string

func (b badValue) Error() string { return string(b) }
