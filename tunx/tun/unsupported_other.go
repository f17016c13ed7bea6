//go:build !linux

package tun

import (
	"errors"
	"fmt"
	"runtime"
)

var errQueues = unsupported("more than one queue")

// unsupported returns an error for each field that only Linux has.
func (c *Config) unsupported() []error {
	var errs []error
	for _, f := range c.system() {
		errs = append(errs, &Error{Op: "config", Field: f.Field, Value: f.Value, Err: unsupported("this field")})
	}
	return errs
}

// unsupported says what this platform has not.
func unsupported(what string) error {
	return fmt.Errorf("%s on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}
