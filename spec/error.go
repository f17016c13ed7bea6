package spec

import (
	"errors"
	"strconv"
	"strings"
)

// Error says what is wrong with one field of a message, and where the document
// has it. It unwraps to its cause: the *Error of the module that refused the
// value, an *fs.PathError, an errno. Several failures come joined, each as an
// *Error of its own.
type Error struct {
	// File is the document's name, "" if the message comes from none.
	File string
	// Line and Column are where in File the value begins, from 1; 0 if not
	// known. Column counts letters.
	Line, Column int
	// Path is the field, from the root of the message: "listeners[0].tls.min_version",
	// "options.TCP_KEEPIDLE"; "" for the message as a whole.
	Path string
	// Value is the field's value as text, strings in quotes; "" if it has no
	// short one. Never a secret.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// `gateway.yaml:14: listeners[0].tls.min_version: "1.4": allowed are 1.0, 1.1, 1.2 and 1.3`.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			b.WriteString(":" + strconv.Itoa(e.Line))
		}
		b.WriteString(": ")
	}
	for _, s := range []string{e.Path, e.Value} {
		if s != "" {
			b.WriteString(s + ": ")
		}
	}
	return b.String() + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errors returns the *Errors in err, which may be joined; one of another kind
// becomes the Err of an *Error. nil has none.
func Errors(err error) []*Error {
	var own *Error
	switch joined, ok := err.(interface{ Unwrap() []error }); {
	case err == nil:
		return nil
	case ok:
		var list []*Error
		for _, err := range joined.Unwrap() {
			list = append(list, Errors(err)...)
		}
		return list
	case errors.As(err, &own):
		return []*Error{own}
	}
	return []*Error{{Err: err}}
}

// At puts a field in front of the paths of err: At("tls", err) makes
// "min_version" "tls.min_version". It copies; a nil err stays nil.
func At(path string, err error) error {
	var list []error
	for _, e := range Errors(err) {
		c := *e
		c.Path = Join(path, e.Path)
		list = append(list, &c)
	}
	return errors.Join(list...)
}

// Join joins two parts of a path: "listeners" and "[0]" to "listeners[0]",
// "tls" and "ca" to "tls.ca".
func Join(parent, child string) string {
	if parent == "" || child == "" || child[0] == '[' {
		return parent + child
	}
	return parent + "." + child
}
